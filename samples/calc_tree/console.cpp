#include "console.hpp"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace calc_tree {

namespace {

constexpr std::string_view clear_line = "\r\033[K";

bool refuses_colours() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

}  // namespace

console::console() : is_terminal_{::isatty(STDOUT_FILENO) == 1}, has_colours_{is_terminal_ && !refuses_colours()} {}

void console::line(std::string_view text) {
  write(fmt::format("{}{}\n{}", progress_.empty() ? "" : clear_line, text, progress_));
}

void console::progress(std::string_view text) {
  if (!is_terminal_) return;
  progress_ = text;
  write(fmt::format("{}{}", clear_line, progress_));
}

void console::end_progress() {
  if (!progress_.empty()) write(clear_line);
  progress_.clear();
}

std::string console::in(shade as, std::string_view text) const {
  constexpr std::string_view colours[] = {"", "\033[32m", "\033[31m", "\033[2m"};
  if (!has_colours_ || as == shade::plain) return std::string{text};
  return fmt::format("{}{}\033[0m", colours[static_cast<std::size_t>(as)], text);
}

void console::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) whole_ = false;
}

}  // namespace calc_tree
