#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice run TREE --simulate`: on one thread, in virtual time, with turns that a seed draws. Draws the seed and says
/// it, if none was given, and how to see the run again, if it fails.
exit_status run_simulated(run_options options);

}  // namespace coppice::command
