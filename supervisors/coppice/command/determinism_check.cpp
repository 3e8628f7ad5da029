#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>

#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/determinism_check.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/overwriting.hpp>
#include <coppice/command/replay.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/run_program.hpp>

namespace coppice::command {

namespace {

std::vector<std::string> arguments_for(const run_options& options) {
  std::vector<std::string> arguments{"run", "--simulate", fmt::format("--seed={}", *options.seed), "--trace=-"};
  for (const auto& each : options.libraries) arguments.push_back("--load=" + each);
  if (options.script) arguments.push_back("--script=" + *options.script);
  if (options.time) arguments.push_back(fmt::format("--for={}ms", options.time->count()));
  if (options.verbose) arguments.emplace_back("--verbose");
  arguments.emplace_back("--");
  arguments.push_back(options.tree);
  return arguments;
}

std::string how_it_ended(int status) {
  return WIFSIGNALED(status) ? fmt::format("by signal {}", WTERMSIG(status))
                             : fmt::format("with status {}", WEXITSTATUS(status));
}

// The line that begins at `place`, and whether there is one.
std::string shown_line(std::string_view text, std::size_t place) {
  if (place >= text.size()) return "(the end)";
  constexpr std::size_t width = 400;
  return detail::printable(text.substr(place, std::min(text.find('\n', place) - place, width)));
}

}  // namespace

std::optional<std::string> first_difference(std::string_view one, std::string_view other) {
  if (one == other) return std::nullopt;
  const auto at = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first;
  const auto equal = static_cast<std::size_t>(at - one.begin());
  const auto before = one.substr(0, equal);
  const auto line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, byte {}:\n  first:  {}\n  second: {}\n",
                     std::count(before.begin(), before.end(), '\n') + 1, equal - line_begin + 1,
                     shown_line(one, line_begin), shown_line(other, line_begin));
}

exit_status check_determinism(const run_options& options) {
  if (options.trace) refuse_to_overwrite("run", "--trace", *options.trace, options.files_read());
  std::string input;
  if (options.tree == "-" || options.script == "-") {
    fault_list faults{shown_name("-")};
    auto read = read_input("-", faults);
    if (!read) {
      complain_lines(faults.text());
      return bad_input;
    }
    input = std::move(*read);
  }
  std::optional<output> trace;
  if (options.trace) trace.emplace(*options.trace);
  const auto once = [&] {
    auto done = detail::run_program("/proc/self/exe", arguments_for(options), input);
    if (done.start_error != 0) throw std::system_error{done.start_error, std::generic_category(), "/proc/self/exe"};
    return done;
  };

  const auto first = once();
  const bool has_ended_by_itself = WIFEXITED(first.status);
  if (first.status != 0 || options.verbose) complain_lines(first.errors);
  if (has_ended_by_itself && WEXITSTATUS(first.status) == bad_input) return bad_input;
  if (trace) {
    trace->write(first.output);
    if (!trace->close()) throw output_fault{trace->fault()};
  }
  const auto second = once();

  std::string difference;
  if (const auto found = first_difference(first.output, second.output)) {
    difference = "their traces differ first in " + *found;
  } else if (first.status != second.status) {
    difference =
        fmt::format("the first ended {}, the second {}\n", how_it_ended(first.status), how_it_ended(second.status));
  }
  if (!difference.empty()) {
    complain_lines(
        fmt::format("coppice: {}: two runs with seed {} are not the same: {}"
                    "  What in a worker can be the cause: real time, threads, random numbers of its own, "
                    "addresses, the order of a hash table.\n",
                    shown_name(options.tree), *options.seed, difference));
    return failed;
  }
  output verdict = options.trace == "-" ? output::standard_error() : output{"-"};
  verdict.write(fmt::format(
      "{}: two runs with seed {} are the same: {} lines of trace\n", shown_name(options.tree), *options.seed,
      detail::grouped(static_cast<std::uint64_t>(std::count(first.output.begin(), first.output.end(), '\n')))));
  if (!verdict.close()) throw output_fault{verdict.fault()};
  if (has_ended_by_itself) return static_cast<exit_status>(WEXITSTATUS(first.status));
  complain(fmt::format("both runs ended {}; to see one: {}", how_it_ended(first.status), replay_command(options)));
  return failed;
}

}  // namespace coppice::command
