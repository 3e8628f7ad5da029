#pragma once

#include <optional>
#include <string>
#include <vector>

#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

class fault_list;
struct located_json;

}  // namespace coppice

namespace coppice::detail {

/// Checks the `how` of a fault of a chaos plan: one way of hitting, or a list of them. What is wrong is noted, and left
/// out.
std::vector<chaos_harm> check_how(const located_json& value, const std::string& pointer, fault_list& faults);

}  // namespace coppice::detail
