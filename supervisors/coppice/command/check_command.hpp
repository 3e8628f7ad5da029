#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice check TREE`: prints every fault, or what the tree promises. Starts nothing.
exit_status check(const check_options& options);

}  // namespace coppice::command
