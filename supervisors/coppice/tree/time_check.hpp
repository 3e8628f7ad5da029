#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/tree/located_json.hpp>

namespace coppice {

class fault_list;

}  // namespace coppice

namespace coppice::detail {

/// A time in a unit of its own, with a fraction down to the nanosecond, and its bounds.
struct time_rule {
  std::string_view unit;          ///< `milliseconds`
  std::chrono::nanoseconds each;  ///< How long one of them is.
  std::chrono::nanoseconds least;
  std::chrono::nanoseconds most;
  std::string_view advice;  ///< What to write instead, a sentence.
};

/// The time that a value says; or nothing, with a fault.
std::optional<std::chrono::nanoseconds> check_time(const located_json& value, const std::string& pointer,
                                                   const time_rule& rule, fault_list& faults);

/// A time as a person says it, in the largest unit of which there is at least one: `5 s`, `1.5 ms`, `250 ns`.
std::string short_time_text(std::chrono::nanoseconds time);

}  // namespace coppice::detail
