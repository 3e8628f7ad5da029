#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>
#include <coppice/tree/virtual_cost_checker.hpp>

namespace coppice::detail {

namespace {

using namespace std::string_view_literals;

constexpr std::array keys{"init_us"sv, "handler_us"sv, "terminate_us"sv, "distribution"sv};
constexpr std::array distributions{"constant"sv, "uniform"sv, "exponential"sv};
constexpr time_rule microseconds{"microseconds", std::chrono::microseconds{1}, std::chrono::nanoseconds{0},
                                 tree_limits::max_cost, "For a millisecond write 1000."};

std::string_view other_word(std::string_view key) {
  if (key == "init" || key == "handler" || key == "terminate") return "_us";
  return "";
}

}  // namespace

virtual_cost check_cost(const located_json& value, const std::string& pointer, fault_list& faults) {
  virtual_cost cost;
  const auto* members = value.if_object();
  if (members == nullptr) {
    if (value.if_array() != nullptr || std::holds_alternative<std::nullptr_t>(value.value) ||
        std::holds_alternative<bool>(value.value)) {
      faults.add(pointer, value.offset,
                 fmt::format("expected microseconds (a number) or an object such as {{\"handler_us\": 50}}; got {}. "
                             "Leave it out for 1.",
                             value.described()));
    } else if (const auto time = check_time(value, pointer, microseconds, faults)) {
      cost.init = cost.handler = cost.terminate = *time;
    }
    return cost;
  }
  for (const auto& member : *members) {
    if (std::find(keys.begin(), keys.end(), member.key) != keys.end()) continue;
    const auto suffix = other_word(member.key);
    faults.add(pointer, member.offset,
               suffix.empty() ? unknown_key(member.key, {keys, {}})
                              : fmt::format("unknown key \"{0}\"; here it is called \"{0}{1}\".", member.key, suffix));
  }
  const auto time = [&](std::string_view key, std::chrono::nanoseconds& into) {
    const located_json* given = value.find(key);
    if (given == nullptr) return;
    into = check_time(*given, pointer_to(pointer, key), microseconds, faults).value_or(into);
  };
  time("init_us", cost.init);
  time("handler_us", cost.handler);
  time("terminate_us", cost.terminate);
  if (const located_json* given = value.find("distribution")) {
    const auto index = check_choice(*given, pointer_to(pointer, "distribution"),
                                    {distributions, "Leave it out for \"constant\"."}, faults);
    cost.spread = static_cast<virtual_cost::distribution>(index.value_or(0));
  }
  return cost;
}

}  // namespace coppice::detail
