#pragma once

#include <string>

#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// The one command, for a shell, that repeats a simulated run whose seed is known.
std::string replay_command(const run_options& options);

/// Says it on standard error: of a run that failed.
void say_replay(const run_options& options);

}  // namespace coppice::command
