#include "calculators.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace calc_tree {

using coppice::strategy;

calculators::calculators(const coppice::supervisor_spec& root) {
  collect(root, root.id);
  if (all_.empty()) fault_ = "expected a tree with calculators; got one without workers";
}

std::string calculators::fault() const {
  return fault_;
}

void calculators::collect(const coppice::supervisor_spec& supervisor, const std::string& path) {
  std::size_t number = 0;
  for (const auto& child : supervisor.children) {
    if (child.restart() != coppice::restart_type::permanent) {
      fault_ = fmt::format("{}: expected only permanent children, since all have to grow back; got a {} one",
                           child.pointer(), to_string(child.restart()));
    }
    const auto add = [&](const std::string& id) {
      std::string child_path = path + "/" + id;
      places_.emplace(child_path, place{supervisor.strategy, path, number++});
      return child_path;
    };
    if (const auto* inner = child.if_supervisor()) {
      const std::string child_path = add(inner->id);
      supervisors_.push_back(child_path);
      collect(*inner, child_path);
      continue;
    }
    const auto& worker = *child.if_worker();
    for (std::uint32_t replica = 1; replica <= worker.processes(); ++replica) {
      const std::string child_path = add(worker.replica_id(replica));
      all_.push_back({child_path, worker.args->value("initial", 0.0)});
      if (supervisor.strategy != strategy::one_for_one) in_groups_.push_back(child_path);
    }
  }
}

std::vector<std::string> calculators::restarted_with(std::string_view path) const {
  const place& cut = places_.find(path)->second;
  std::vector<std::string> siblings;
  for (const auto& [other, where] : places_) {
    if (where.supervisor != cut.supervisor) continue;
    const bool restarts = other == path || cut.strategy == strategy::one_for_all ||
                          (cut.strategy == strategy::rest_for_one && where.number > cut.number);
    if (restarts) siblings.push_back(other);
  }
  std::vector<std::string> all = siblings;
  for (const auto& top : siblings) {
    const std::string below = top + "/";
    for (auto each = places_.lower_bound(below); each != places_.end() && each->first.starts_with(below); ++each) {
      all.push_back(each->first);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace calc_tree
