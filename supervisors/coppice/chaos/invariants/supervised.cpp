#include <fmt/format.h>

#include <coppice/chaos/invariants/supervised.hpp>

namespace coppice {

void supervised::see(const tree_step& step, const known_tree& tree, violation_list& found) {
  if (step.what != tree_step::kind::process_ended || step.reason != exit_reason::shutdown()) return;
  const known_supervisor* const ended = tree.find_supervisor(step.process);
  // Whatever else it may have ended of has kept it from ending them.
  if (ended == nullptr || !ended->stopping || ended->living.empty()) return;
  const known_child& left = ended->children.at(*ended->living.rbegin());
  found.add(name(), left.path,
            fmt::format("{} lives, and its supervisor {} has stopped and ended", to_string(left.process),
                        to_string(step.process)));
}

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
