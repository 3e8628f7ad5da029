#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/wait.h>

#include <coppice/tree/graphviz.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/run_program.hpp>

namespace coppice {

namespace {

std::string start_error(std::string const& program, int error) {
  if (error == ENOENT) {
    return fmt::format(
        "an SVG needs Graphviz, and its program {} is not there. Install it (Debian: apt install graphviz), or take "
        "the DOT text "
        "with --format dot.",
        detail::in_quotes(program));
  }
  return fmt::format("Graphviz's program {} cannot be started: {}. Take the DOT text with --format dot.",
                     detail::in_quotes(program), std::generic_category().message(error));
}

std::string end_error(std::string const& program, int status, std::string_view complaint) {
  std::string const end = WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                              : fmt::format("ended with status {}", WEXITSTATUS(status));
  while (complaint.ends_with('\n')) complaint.remove_suffix(1);
  return fmt::format("Graphviz's program {} {}{}{}", detail::in_quotes(program), end, complaint.empty() ? "." : ": ",
                     detail::printable(complaint));
}

}  // namespace

graphviz_answer svg_from_dot(std::string_view dot, std::string const& program) {
  try {
    detail::program_outcome done = detail::run_program(program, {"-Tsvg"}, dot);
    if (done.start_error != 0) return {std::nullopt, start_error(program, done.start_error)};
    if (!WIFEXITED(done.status) || WEXITSTATUS(done.status) != 0)
      return {std::nullopt, end_error(program, done.status, done.errors)};
    return {std::move(done.output), ""};
  } catch (std::system_error const& error) {
    return {std::nullopt, fmt::format("Graphviz cannot be run: {}.", error.what())};
  }
}

}  // namespace coppice
