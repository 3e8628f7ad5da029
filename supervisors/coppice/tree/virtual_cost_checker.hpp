#pragma once

#include <string>

#include <coppice/tree/virtual_cost.hpp>

namespace coppice {

class fault_list;
struct located_json;

}  // namespace coppice

namespace coppice::detail {

/// Checks the `cost` of a child: a number of microseconds for all its steps, or an object. Where something is wrong the
/// default stands.
virtual_cost check_cost(const located_json& value, const std::string& pointer, fault_list& faults);

}  // namespace coppice::detail
