#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice chaos TREE [PLAN]`: carries out a plan and reports.
exit_status run_chaos(const chaos_command_options& options);

/// `coppice chaos TREE --sweep`: hits each process at each of its points.
exit_status run_sweep(const chaos_command_options& options);

}  // namespace coppice::command
