#include <chrono>

#include <fmt/format.h>

#include <coppice/command/complaint.hpp>
#include <coppice/command/replay.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

std::string replay_command(const run_options& options) {
  std::string command = "coppice run";
  // A name that begins like an option is one behind the `=`, or where it says so.
  const bool odd = options.tree.size() > 1 && options.tree.starts_with('-');
  if (!odd) command += " " + detail::for_a_shell(options.tree);
  for (const auto& each : options.libraries) command += " " + detail::for_a_shell("--load=" + each);
  command += fmt::format(" --simulate --seed {}", options.seed.value_or(0));
  if (options.time) command += fmt::format(" --for {}ms", options.time->count());
  if (options.script) command += " " + detail::for_a_shell("--script=" + *options.script);
  if (odd) command += " -- " + detail::for_a_shell(options.tree);
  return command;
}

std::string chaos_replay(const chaos_command_options& options, std::uint64_t seed, const std::string& more) {
  // A name that begins like an option would be taken for one.
  const auto file = [](const std::string& path) {
    return detail::for_a_shell(path.size() > 1 && path.starts_with('-') ? "./" + path : path);
  };
  std::string command = "coppice chaos " + file(options.tree);
  if (options.plan) command += " " + file(*options.plan);
  for (const auto& each : options.libraries) command += " " + detail::for_a_shell("--load=" + each);
  command += fmt::format(" --seed {}", seed);
  if (options.real_time) command += " --real-time";
  if (options.threads) command += fmt::format(" --threads {}", *options.threads);
  if (options.sweeps) {
    command += " --sweep";
    if (options.script) command += " " + detail::for_a_shell("--script=" + *options.script);
    if (options.expect) command += " " + detail::for_a_shell("--expect=" + *options.expect);
    for (const auto& each : options.victims) command += " " + detail::for_a_shell("--victims=" + each);
  }
  command += more;
  // A comment for a shell, so that the line can be copied as it is.
  if (options.tree == "-") command += "  # with the tree on standard input";
  if (options.plan == "-") command += "  # with the plan on standard input";
  if (options.script == "-") command += "  # with the script on standard input";
  if (options.expect == "-") command += "  # with the expectations on standard input";
  return command;
}

void say_replay(const run_options& options) {
  complain("to see it again: " + replay_command(options));
}

}  // namespace coppice::command
