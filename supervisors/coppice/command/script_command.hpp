#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice run TREE --script SCRIPT`: runs the script in virtual time, and writes the trace.
exit_status run_with_script(const run_options& options);

}  // namespace coppice::command
