#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <coppice/tree/located_json.hpp>

namespace coppice {

class fault_list;

}  // namespace coppice

/// Checks of single values, as in `value_check.hpp`, that scripts and chaos plans share.
namespace coppice::detail {

/// An exit reason in Erlang's notation: `boom`, `{shutdown,x}`.
std::optional<std::string> check_reason(const located_json& value, const std::string& pointer, fault_list& faults);

/// A path: the ids from the root on, joined by `/`.
std::optional<std::string> check_path(const located_json& value, const std::string& pointer, fault_list& faults);

/// Whether it is one.
bool is_path(std::string_view text);

}  // namespace coppice::detail
