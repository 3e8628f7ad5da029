#pragma once

#include <cstdint>
#include <string>

#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// The one command, for a shell, that repeats a simulated run whose seed is known.
std::string replay_command(const run_options& options);

/// The one command that repeats a chaos run or a sweep with that seed; `more` are options that belong to it. What comes
/// from standard input is told in a comment behind it.
std::string chaos_replay(const chaos_command_options& options, std::uint64_t seed, const std::string& more = {});

/// Says the former on standard error: of a run that failed.
void say_replay(const run_options& options);

}  // namespace coppice::command
