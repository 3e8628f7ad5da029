#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice run TREE`: starts the tree, shows what happens, and ends it in order on SIGINT or SIGTERM. A second signal
/// ends the program. To be called before the program has other threads.
exit_status run_live(const run_options& options);

}  // namespace coppice::command
