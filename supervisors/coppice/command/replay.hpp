#pragma once

#include <cstdint>
#include <string>

#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// The one command, for a shell, that repeats a simulated run whose seed is known.
std::string replay_command(const run_options& options);

/// The one command that repeats a chaos run or a sweep with that seed.
std::string chaos_replay(const chaos_command_options& options, std::uint64_t seed);

/// Says the former on standard error: of a run that failed.
void say_replay(const run_options& options);

}  // namespace coppice::command
