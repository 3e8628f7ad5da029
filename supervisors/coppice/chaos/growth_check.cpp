#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <coppice/chaos/growth_check.hpp>

namespace coppice {

std::vector<chaos_violation> check_growth(const chaos_record& record, const chaos_figures& figures) {
  std::vector<chaos_violation> found;
  if (record.interrupted) return found;
  const std::string name{grew_back};
  const auto root = std::find_if(record.lives.begin(), record.lives.end(),
                                 [&record](const chaos_life& each) { return each.path == record.root; });
  if (root == record.lives.end()) {
    const std::string why = record.start_failures.empty() ? "" : ": " + record.start_failures.back().reason.to_string();
    found.push_back({name, record.root, "did not start" + why, record.end});
    return found;
  }
  if (root->end && !root->shut_down) {
    found.push_back({name, record.root,
                     fmt::format("ended with {} before the plan was over, and nobody starts a root again",
                                 root->reason.to_string()),
                     *root->end});
  }
  for (const auto& child : figures.children) {
    if (child.not_back > 0 && child.path != record.root)
      found.push_back({name, child.path, "was out of service at the end", record.end});
  }
  return found;
}

}  // namespace coppice
