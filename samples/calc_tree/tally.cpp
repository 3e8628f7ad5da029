#include "tally.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace calc_tree {

namespace {

using std::chrono::nanoseconds;

// The smallest value that this share of all does not exceed.
nanoseconds percentile(const std::vector<nanoseconds>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()) + 0.999999);
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

}  // namespace

std::string milliseconds(nanoseconds time) {
  return fmt::format("{:.2f} ms", std::chrono::duration<double, std::milli>{time}.count());
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, 1, ',');
  return digits;
}

std::uint64_t tally::cuts() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& each : kinds_) sum += each.cuts;
  return sum;
}

std::uint64_t tally::restarts() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& each : kinds_) sum += each.restarts;
  return sum;
}

std::string tally::row(std::string_view name, const of_kind& kind) {
  std::string text = fmt::format("  {:<18}{:>6}{:>10}", name, grouped(kind.cuts), grouped(kind.restarts));
  if (kind.recoveries.empty()) return text + '\n';
  auto sorted = kind.recoveries;
  std::sort(sorted.begin(), sorted.end());
  return text + fmt::format("{:>13}{:>13}{:>13}\n", milliseconds(percentile(sorted, 0.5)),
                            milliseconds(percentile(sorted, 0.99)), milliseconds(sorted.back()));
}

std::string tally::table() const {
  std::string text =
      fmt::format("  {:<18}{:>6}{:>10}{:>13}{:>13}{:>13}\n", "cut down by", "cuts", "restarts", "median", "p99", "max");
  of_kind all;
  for (std::size_t kind = 0; kind < cut_kinds; ++kind) {
    const of_kind& one = kinds_[kind];
    if (one.cuts == 0) continue;
    text += row(to_string(static_cast<cut_kind>(kind)), one);
    all.cuts += one.cuts;
    all.restarts += one.restarts;
    all.recoveries.insert(all.recoveries.end(), one.recoveries.begin(), one.recoveries.end());
  }
  return text + row("together", all);
}

}  // namespace calc_tree
