#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <coppice/tree/chaos_limits_checker.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice::detail {

namespace {

using namespace std::string_view_literals;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr time_rule recovery_rule{"milliseconds", std::chrono::milliseconds{1}, std::chrono::nanoseconds{1},
                                  tree_limits::max_chaos_time, "Leave it out for no limit."};
constexpr decimal_rule availability_rule{"per cent", 0.000000001, 100, "Leave it out for no limit."};
constexpr number_rule count_rule{"", 0, tree_limits::max_limit, "Leave it out for no limit."};

constexpr std::array times{std::pair{"recovery_median_ms"sv, &chaos_limits::recovery_median_ms},
                           std::pair{"recovery_p99_ms"sv, &chaos_limits::recovery_p99_ms},
                           std::pair{"recovery_max_ms"sv, &chaos_limits::recovery_max_ms}};
constexpr std::array counts{
    std::pair{"give_ups"sv, &chaos_limits::give_ups}, std::pair{"lost_messages"sv, &chaos_limits::lost_messages},
    std::pair{"failed_calls"sv, &chaos_limits::failed_calls}, std::pair{"blast_radius"sv, &chaos_limits::blast_radius}};
constexpr std::array keys{"recovery_median_ms"sv, "recovery_p99_ms"sv, "recovery_max_ms"sv, "availability"sv,
                          "give_ups"sv,           "lost_messages"sv,   "failed_calls"sv,    "blast_radius"sv};

}  // namespace

chaos_limits check_chaos_limits(const located_json& value, const std::string& pointer, fault_list& faults) {
  chaos_limits limits;
  const auto* members = value.if_object();
  if (members == nullptr) {
    faults.add(pointer, value.offset,
               fmt::format("expected limits, an object such as {{\"recovery_p99_ms\": 50, \"give_ups\": 0}}; got {}. "
                           "Leave it out for none.",
                           value.described()));
    return limits;
  }
  for (const auto& member : *members) {
    if (std::find(keys.begin(), keys.end(), member.key) == keys.end()) {
      faults.add(pointer, member.offset, unknown_key(member.key, {keys, {}}));
    }
  }
  for (const auto& [key, limit] : times) {
    const located_json* given = value.find(key);
    if (given == nullptr) continue;
    if (const auto time = check_time(*given, pointer_to(pointer, key), recovery_rule, faults)) {
      limits.*limit = milliseconds{*time}.count();
    }
  }
  if (const located_json* given = value.find("availability")) {
    limits.availability = check_decimal(*given, pointer_to(pointer, "availability"), availability_rule, faults);
  }
  for (const auto& [key, limit] : counts) {
    const located_json* given = value.find(key);
    if (given != nullptr) limits.*limit = check_number(*given, pointer_to(pointer, key), count_rule, faults);
  }
  return limits;
}

}  // namespace coppice::detail
