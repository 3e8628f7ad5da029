#pragma once

#include <string_view>

#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/process/signals.hpp>

namespace coppice {

/// Lets the calling process know when `target` ends: it gets one `down` message with the returned reference (S34). Each
/// call makes a monitor of its own (S33). A dead target: a `down` with `noproc` at once (S35). Oneself: nothing (S44).
reference monitor(pid target);

/// The same for the process that has that name now, whoever has it later (S36); nobody: a `down` with `noproc` (S35).
reference monitor(std::string_view name);

/// What `demonitor` does beside ending the monitor.
struct demonitor_options {
  bool flush = false;  ///< Also take a `down` of it out of the queue, so that none is or will be there (S42).
};

/// Ends a monitor of the caller's. True if it was still active: its `down` had not been delivered, and will not be
/// (S43). A reference of somebody else's monitor, or of one that is over, does nothing (S41).
bool demonitor(reference of, demonitor_options options = {});

}  // namespace coppice
