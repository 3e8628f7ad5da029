#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/meant_amount.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice::detail {

namespace {

using std::chrono::nanoseconds;

// So many nanoseconds of `each`, exactly: `1.5`, `0.000001`.
std::string amount_text(nanoseconds time, nanoseconds each, bool grouped_digits) {
  const auto whole = static_cast<std::uint64_t>(time / each);
  std::string text = grouped_digits ? grouped(whole) : std::to_string(whole);
  auto rest = (time % each).count();
  if (rest == 0) return text;
  text += '.';
  for (auto digit = each.count() / 10; rest > 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text;
}

enum class finding { sound, out_of_bounds, too_fine };

std::pair<finding, nanoseconds> read_time(const located_json& value, const time_rule& rule) {
  if (const auto* whole = std::get_if<std::uint64_t>(&value.value)) {
    if (*whole > static_cast<std::uint64_t>(rule.most / rule.each)) return {finding::out_of_bounds, {}};
    const nanoseconds time = rule.each * static_cast<std::int64_t>(*whole);
    return {time < rule.least ? finding::out_of_bounds : finding::sound, time};
  }
  const auto* other = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value);
  if (other == nullptr) return {finding::out_of_bounds, {}};
  const double exact = (*other)->value * static_cast<double>(rule.each.count());
  if (!(exact >= 0) || !(exact <= static_cast<double>(rule.most.count()))) return {finding::out_of_bounds, {}};
  const double rounded = std::round(exact);
  // What is no whole number only because a double is none, such as 0.3 ms, is meant as one.
  constexpr double noise = 1e-12;
  if (std::abs(exact - rounded) > noise * std::max(1.0, exact)) return {finding::too_fine, {}};
  const nanoseconds time{static_cast<std::int64_t>(rounded)};
  if (time < rule.least || time > rule.most) return {finding::out_of_bounds, {}};
  return {finding::sound, time};
}

int digits_of(nanoseconds each) {
  int digits = 0;
  for (auto left = each.count(); left > 1; left /= 10) ++digits;
  return digits;
}

}  // namespace

std::optional<nanoseconds> check_time(const located_json& value, const std::string& pointer, const time_rule& rule,
                                      fault_list& faults) {
  const auto [what, time] = read_time(value, rule);
  if (what == finding::sound) return time;
  if (what == finding::too_fine) {
    faults.add(pointer, value.offset,
               fmt::format("expected {} with at most {} digits after the point, since nothing is shorter than a "
                           "nanosecond; got {}.",
                           rule.unit, digits_of(rule.each), value.described()));
    return std::nullopt;
  }
  std::string advice{rule.advice};
  if (const std::string* text = value.if_string()) {
    const auto meant = time_meant(*text, rule.most);
    if (meant && *meant >= rule.least) {
      advice = fmt::format("For {} write {}.", short_time_text(*meant), amount_text(*meant, rule.each, false));
    } else if (const auto bare = better_number(value, 1, static_cast<std::uint64_t>(rule.most / rule.each));
               !bare.empty()) {
      advice = bare.substr(1);
    }
  }
  faults.add(pointer, value.offset,
             fmt::format("expected {} (a number from {} to {}); got {}. {}", rule.unit,
                         amount_text(rule.least, rule.each, true), amount_text(rule.most, rule.each, true),
                         value.described(), advice));
  return std::nullopt;
}

std::string short_time_text(nanoseconds time) {
  using namespace std::chrono_literals;
  if (time >= 1s || time == 0s) return amount_text(time, 1s, true) + " s";
  if (time >= 1ms) return amount_text(time, 1ms, true) + " ms";
  if (time >= 1us) return amount_text(time, 1us, true) + " µs";
  return amount_text(time, 1ns, true) + " ns";
}

}  // namespace coppice::detail
