#pragma once

#include <vector>

#include <coppice/process/pid.hpp>

namespace coppice::detail {

/// Whether messages or signals are under way that have been delayed on purpose.
bool messages_under_way();

/// The processes that wait for an answer that nobody has left to give: no living process has their question in its
/// queue, in its hands, or kept for later. Messages that are still under way are not seen.
///
/// In virtual time, for the process that has its turn; throws std::logic_error otherwise. Takes time in proportion to
/// the number of processes and of queued messages.
std::vector<pid> callers_in_vain();

}  // namespace coppice::detail
