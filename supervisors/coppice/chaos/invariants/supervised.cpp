#include <fmt/format.h>

#include <coppice/chaos/invariants/supervised.hpp>

namespace coppice {

void supervised::check_quiet(const known_tree& tree, tree_scene&, violation_list& found) {
  for (const auto& [process, life] : tree.lives()) {
    if (!life.supervisor) continue;
    const known_supervisor* const above = tree.find_supervisor(life.supervisor);
    if (above == nullptr) {
      found.add(
          name(), life.path,
          fmt::format("{} lives, and its supervisor {} has ended", to_string(process), to_string(life.supervisor)));
      continue;
    }
    const known_child* const child = above->find(life.path);
    if (child == nullptr || child->process != process) {
      found.add(name(), life.path,
                fmt::format("{} lives, and its supervisor {} knows {} in its place", to_string(process),
                            to_string(life.supervisor),
                            child == nullptr || !child->process ? "nobody" : to_string(child->process)));
    }
  }
}

}  // namespace coppice
