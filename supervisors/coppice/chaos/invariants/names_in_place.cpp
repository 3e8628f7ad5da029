#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include <coppice/chaos/invariants/names_in_place.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

namespace {

std::string holder_text(pid holder) {
  return holder ? fmt::format("is that of {}", to_string(holder)) : std::string{"is nobody's"};
}

}  // namespace

void names_in_place::see(const tree_step& step, const known_tree&, violation_list& found) {
  if (step.what != tree_step::kind::child_started || step.child == nullptr || step.child->name.empty()) return;
  const pid holder = whereis(step.child->name);
  // It keeps its name until it is seen to be dead: asked in this order, the answer is right at any time.
  if (holder != step.process && is_alive(step.process)) {
    found.add(name(), step.path,
              fmt::format("{} has started, and its name \"{}\" {}", to_string(step.process), step.child->name,
                          holder_text(holder)));
  }
}

void names_in_place::check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) {
  std::unordered_map<std::string_view, const known_life*> owners;
  for (const auto& [process, life] : tree.lives()) {
    if (life.name.empty()) continue;
    owners.insert_or_assign(life.name, &life);
    const pid holder = whereis(life.name);
    if (holder == process) continue;
    found.add(name(), life.path,
              fmt::format("{} lives, and its name \"{}\" {}", to_string(process), life.name, holder_text(holder)));
  }
  const std::unordered_set<pid> present{scene.processes.begin(), scene.processes.end()};
  for (const auto& each : registered()) {
    if (owners.contains(each)) continue;
    const pid holder = whereis(each);
    if (!present.contains(holder)) {
      found.add(name(), "", fmt::format("the name \"{}\" is kept by {}, which has ended", each, to_string(holder)));
    } else if (tree.names().contains(each)) {
      found.add(
          name(), "",
          fmt::format("the name \"{}\" is of a child that does not run, and is that of {}", each, to_string(holder)));
    }
  }
}

void names_in_place::check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) {
  const std::unordered_set<pid> present{scene.processes.begin(), scene.processes.end()};
  for (const auto& each : registered()) {
    const pid holder = whereis(each);
    if (present.contains(holder) && !tree.names().contains(each)) continue;
    found.add(name(), "", fmt::format("the name \"{}\" {} when the tree is gone", each, holder_text(holder)));
  }
}

}  // namespace coppice
