#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <coppice/chaos/invariants/known_tree.hpp>
#include <coppice/chaos/invariants/violation_list.hpp>
#include <coppice/process/pid.hpp>

namespace coppice {

/// What a check of a whole tree at rest can look at.
struct tree_scene {
  std::chrono::nanoseconds time{0};
  bool is_virtual = true;
  std::vector<pid> processes;       ///< All there are.
  std::unordered_set<pid> harness;  ///< Those that drive the tree, and are no part of it.
  /// Checks that have to wait for processes: run afterwards, when nobody is kept from telling what happens.
  std::vector<std::function<void(violation_list&)>> later;
};

/// One rule that holds for each tree, whatever is done to it. See docs/reference/invariants.md.
///
/// None of these may wait. One at a time.
class invariant {
 public:
  virtual ~invariant();

  /// Short, and the same for ever: reports and scripts name it.
  virtual std::string_view name() const noexcept = 0;

  /// What happens, before `tree` has taken note of it.
  virtual void see(const tree_step& step, const known_tree& tree, violation_list& found);

  /// The tree is quiet: nobody can run, nothing is under way.
  virtual void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found);

  /// The tree has been shut down.
  virtual void check_gone(const known_tree& tree, tree_scene& scene, violation_list& found);
};

}  // namespace coppice
