#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace coppice {

struct supervisor_spec;
struct tree_child;

}  // namespace coppice

namespace coppice::detail {

/// How long the children of a supervisor may take to end, one after the other; unset if there is no limit.
std::optional<std::chrono::milliseconds> time_to_end_children(supervisor_spec const& supervisor);

/// How long a child may take to end, all its replicas together; unset if there is no limit.
std::optional<std::chrono::milliseconds> time_to_end(tree_child const& child);

/// `250 ms`, `5 s`, `1 min 30 s`.
std::string duration_text(std::chrono::milliseconds time);

}  // namespace coppice::detail
