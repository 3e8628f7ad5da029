#include <cstddef>
#include <unordered_map>

#include <coppice/chaos/violation_groups.hpp>

namespace coppice::detail {

std::vector<std::pair<std::string_view, std::vector<const chaos_violation*>>> by_rule(
    const std::vector<chaos_violation>& broken) {
  std::vector<std::pair<std::string_view, std::vector<const chaos_violation*>>> groups;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& each : broken) {
    const auto [at, is_new] = places.try_emplace(each.invariant, groups.size());
    if (is_new) groups.push_back({each.invariant, {}});
    groups[at->second].second.push_back(&each);
  }
  return groups;
}

}  // namespace coppice::detail
