#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <coppice/chaos/progress_bar.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/progress_line.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

namespace {

constexpr auto pause = std::chrono::milliseconds{100};
constexpr std::size_t usual_width = 80;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : usual_width;
}

}  // namespace

progress_line::progress_line() : is_terminal_{::isatty(STDERR_FILENO) != 0} {}

progress_line::~progress_line() {
  clear();
}

void progress_line::show(const chaos_progress& now) {
  std::size_t width = 0;
  const std::lock_guard hold{lock_};
  if (is_time(width)) write(progress_bar(now, width));
}

void progress_line::show(std::size_t done, std::size_t all, std::string_view of) {
  std::size_t width = 0;
  const std::lock_guard hold{lock_};
  if (!is_time(width)) return;
  constexpr std::size_t bar = 20;
  const std::size_t full = all > 0 ? done * bar / all : bar;
  write(fmt::format("[{}{}] {:3} %  {} of {} {}", std::string(full, '#'), std::string(bar - full, '.'),
                    all > 0 ? done * 100 / all : 100, detail::grouped(done), detail::grouped(all), of)
            .substr(0, width));
}

void progress_line::clear() {
  const std::lock_guard hold{lock_};
  if (std::exchange(is_shown_, false)) write_all(STDERR_FILENO, "\r\x1b[K");
}

bool progress_line::is_time(std::size_t& width) {
  if (!is_terminal_) return false;
  const auto now = std::chrono::steady_clock::now();
  if (is_shown_ && now - last_ < pause) return false;
  last_ = now;
  width = terminal_width();
  return true;
}

void progress_line::write(const std::string& line) {
  is_shown_ = true;
  write_all(STDERR_FILENO, "\r" + line + "\x1b[K");
}

}  // namespace coppice::command
