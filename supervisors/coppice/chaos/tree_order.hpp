#pragma once

// Private to supervisors/coppice.

#include <string>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice::detail {

/// Each path that a record names, once: a supervisor before its children, and these in the order of their first lives.
std::vector<std::string> paths_in_tree_order(const chaos_record& record);

}  // namespace coppice::detail
