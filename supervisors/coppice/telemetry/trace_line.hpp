#pragma once

// Private to supervisors/coppice.

#include <string>

#include <nlohmann/json_fwd.hpp>

#include <coppice/telemetry/tree_event.hpp>

namespace coppice::detail {

/// A line of a trace, without its line feed, whatever bytes its texts are made of.
std::string trace_line(const nlohmann::ordered_json& of);

/// The event as the contract of scripted runs has it:
/// `{"event":"exited","path":"root/a","incarnation":1,"reason":"badarith"}`.
std::string trace_line(const tree_event& event);

}  // namespace coppice::detail
