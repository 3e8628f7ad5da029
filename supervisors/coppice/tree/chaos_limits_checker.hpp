#pragma once

#include <string>

#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

class fault_list;
struct located_json;

}  // namespace coppice

namespace coppice::detail {

/// Checks the `limits` of a chaos plan. What is wrong is noted, and no limit then.
chaos_limits check_chaos_limits(const located_json& value, const std::string& pointer, fault_list& faults);

}  // namespace coppice::detail
