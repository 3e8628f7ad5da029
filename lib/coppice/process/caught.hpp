#pragma once

// Private to lib/coppice.

#include <coppice/process/exit_reason.hpp>

namespace coppice::detail {

/// Inside a catch block that is not one for `unwinding`: what it caught, as an exit reason.
exit_reason reason_of_caught();

}  // namespace coppice::detail
