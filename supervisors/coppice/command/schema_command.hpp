#pragma once

#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice schema`: prints the JSON Schema of tree files.
exit_status schema();

}  // namespace coppice::command
