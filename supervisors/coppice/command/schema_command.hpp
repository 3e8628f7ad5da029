#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice schema`: prints the JSON Schema of tree files, or of chaos plans.
exit_status schema(const schema_options& options);

}  // namespace coppice::command
