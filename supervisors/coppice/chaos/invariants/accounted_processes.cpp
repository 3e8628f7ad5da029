#include <algorithm>
#include <string>
#include <unordered_set>

#include <fmt/format.h>

#include <coppice/chaos/invariants/accounted_processes.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/process_info.hpp>

namespace coppice {

namespace {

// Who can answer for a process.
enum class verdict : unsigned char { accounted, unaccounted, if_linked_to_parent };

class account {
 public:
  account(const known_tree& tree, const tree_scene& scene)
      : tree_{tree}, scene_{scene}, present_{scene.processes.begin(), scene.processes.end()} {}

  verdict of(pid process) {
    if (scene_.harness.contains(process) || tree_.find_life(process) != nullptr) return verdict::accounted;
    const auto about = process_info(process, info::ancestors);
    // It has ended meanwhile, in real time.
    if (!about) return verdict::accounted;
    // The nearest one that lives answers for what was made below it.
    for (const pid above : about->ancestors) {
      if (!present_.contains(above)) continue;
      if (scene_.harness.contains(above)) return verdict::unaccounted;
      if (const known_life* const life = tree_.find_life(above)) {
        if (life->type == child_type::worker) return verdict::accounted;
        return above == about->parent ? verdict::if_linked_to_parent : verdict::unaccounted;
      }
      return of(above);
    }
    return verdict::unaccounted;
  }

 private:
  const known_tree& tree_;
  const tree_scene& scene_;
  std::unordered_set<pid> present_;
};

std::string described(pid process) {
  const auto about = process_info(process, info::initial_call, info::parent);
  if (!about) return to_string(process);
  return fmt::format("{} ({}), made by {}", to_string(process), about->initial_call, to_string(about->parent));
}

bool is_linked_to_parent(pid process) {
  try {
    const auto about = process_info(process, info::parent, info::links);
    return !about || std::find(about->links.begin(), about->links.end(), about->parent) != about->links.end();
  } catch (const error&) {
    // It is stuck, and cannot say.
    return true;
  }
}

}  // namespace

void accounted_processes::check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) {
  account books{tree, scene};
  for (const pid each : scene.processes) {
    switch (books.of(each)) {
      case verdict::accounted: break;
      case verdict::unaccounted: found.add(name(), "", described(each) + " is none of the tree's"); break;
      case verdict::if_linked_to_parent:
        scene.later.emplace_back([each](violation_list& later_found) {
          if (is_linked_to_parent(each)) return;
          later_found.add(accounted_processes{}.name(), "",
                          described(each) + ", a supervisor, is neither its child nor linked to it");
        });
        break;
    }
  }
}

void accounted_processes::check_gone(const known_tree&, tree_scene& scene, violation_list& found) {
  for (const pid each : scene.processes) {
    if (!scene.harness.contains(each)) found.add(name(), "", described(each) + " is left when the tree is gone");
  }
}

}  // namespace coppice
