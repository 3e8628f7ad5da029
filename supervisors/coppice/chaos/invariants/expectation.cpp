#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/invariants/expectation.hpp>
#include <coppice/tree/worker_message.hpp>

namespace coppice {

namespace {

// Half a unit of the twelfth digit of the smallest number with such digits.
constexpr double tolerance = 5e-13;

bool is_same_number(const nlohmann::json& left, const nlohmann::json& right) {
  if (left.is_number_integer() && right.is_number_integer()) return left == right;
  const auto a = left.get<double>();
  const auto b = right.get<double>();
  return a == b || std::abs(a - b) <= tolerance * std::max(std::abs(a), std::abs(b));
}

std::string shown(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// As a plan may have it: "view" for {"view": null}.
std::string shown_message(const nlohmann::json& message) {
  const bool has_no_fields = message.is_object() && message.size() == 1 && message.front().is_null();
  return shown(has_no_fields ? nlohmann::json(message.begin().key()) : message);
}

}  // namespace

bool is_same_answer(const nlohmann::json& left, const nlohmann::json& right) {
  if (left.is_number() && right.is_number()) return is_same_number(left, right);
  if (left.type() != right.type()) return false;
  if (left.is_array()) return std::equal(left.begin(), left.end(), right.begin(), right.end(), is_same_answer);
  if (!left.is_object()) return left == right;
  return left.size() == right.size() && std::all_of(left.items().begin(), left.items().end(), [&](const auto& each) {
           const auto other = right.find(each.key());
           return other != right.end() && is_same_answer(each.value(), *other);
         });
}

std::optional<std::string> check_expectation(const chaos_expectation& expected, const tree_view& tree,
                                             const worker_lookup& worker_at) {
  const pid process = tree.get(expected.path);
  const worker* const of = worker_at ? worker_at(expected.path, process) : nullptr;
  if (of == nullptr) return fmt::format("{} is no worker that can be called by JSON", expected.path);
  if (const auto faults = check_worker_call(*of, *expected.message); !faults.empty()) return faults.front().text;
  const nlohmann::json answer = call_worker(*of, process, *expected.message, default_call_timeout);
  if (is_same_answer(answer, *expected.equals)) return std::nullopt;
  return fmt::format("{} answers {} with {}; expected {}", expected.path, shown_message(*expected.message),
                     shown(answer), shown(*expected.equals));
}

}  // namespace coppice
