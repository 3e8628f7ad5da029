#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include <coppice/command/complaint.hpp>
#include <coppice/command/replay.hpp>

namespace coppice::command {

namespace {

std::string for_a_shell(const std::string& word) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char each : word) {
    if (each == '\'') {
      quoted += "'\\''";
    } else {
      quoted += each;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string replay_command(const run_options& options) {
  std::string command = "coppice run";
  // A name that begins like an option is one behind the `=`, or where it says so.
  const bool odd = options.tree.size() > 1 && options.tree.starts_with('-');
  if (!odd) command += " " + for_a_shell(options.tree);
  for (const auto& each : options.libraries) command += " " + for_a_shell("--load=" + each);
  command += fmt::format(" --simulate --seed {}", options.seed.value_or(0));
  if (options.time) command += fmt::format(" --for {}ms", options.time->count());
  if (options.script) command += " " + for_a_shell("--script=" + *options.script);
  if (odd) command += " -- " + for_a_shell(options.tree);
  return command;
}

void say_replay(const run_options& options) {
  complain("to see it again: " + replay_command(options));
}

}  // namespace coppice::command
