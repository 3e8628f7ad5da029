#pragma once

#include <string>

#include <coppice/telemetry/tree_event.hpp>

namespace coppice::command {

/// The event as a line of a trace, as the contract of scripted runs has it, with its line feed:
/// `{"event":"exited","path":"root/a","incarnation":1,"reason":"badarith"}`.
std::string trace_line(const tree_event& event);

}  // namespace coppice::command
