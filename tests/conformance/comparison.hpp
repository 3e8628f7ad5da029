#pragma once

#include <optional>
#include <string>

#include "normal_form.hpp"

namespace coppice::conformance {

/// The first place where two traces in normal form differ, told for a person: its step, the lines before it,
/// and what each side has there. Nothing if they are equal.
///
/// With `strict`, what was left out of either trace counts as a difference too.
std::optional<std::string> first_difference(const normal_trace& expected, const normal_trace& actual,
                                            const std::string& expected_name, const std::string& actual_name,
                                            bool strict);

}  // namespace coppice::conformance
