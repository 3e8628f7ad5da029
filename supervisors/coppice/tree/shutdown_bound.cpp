#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <coppice/tree/shutdown_bound.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::detail {

using std::chrono::milliseconds;

std::optional<milliseconds> time_to_end_children(supervisor_spec const& supervisor) {
  milliseconds total{0};
  for (tree_child const& child : supervisor.children) {
    auto const time = time_to_end(child);
    if (!time) return std::nullopt;
    total += *time;
  }
  return total;
}

std::optional<milliseconds> time_to_end(tree_child const& child) {
  shutdown_time const shutdown = child.shutdown();
  if (shutdown.is_brutal_kill()) return milliseconds{0};
  if (auto const* inner = child.if_supervisor()) {
    auto const children = time_to_end_children(*inner);
    if (shutdown.is_infinity()) return children;
    return children ? std::min(*children, shutdown.limit()) : shutdown.limit();
  }
  if (shutdown.is_infinity()) return std::nullopt;
  return shutdown.limit() * child.processes();
}

std::string duration_text(milliseconds time) {
  auto left = static_cast<std::uint64_t>(time.count());
  if (left < 1000) return fmt::format("{} ms", left);
  constexpr std::array<std::pair<std::uint64_t, std::string_view>, 5> units{
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "min"}, {1000, "s"}, {1, "ms"}}};
  std::string text;
  for (auto const& [length, name] : units) {
    std::uint64_t const amount = left / length;
    left %= length;
    if (amount > 0) text += fmt::format("{}{} {}", text.empty() ? "" : " ", amount, name);
  }
  return text;
}

}  // namespace coppice::detail
