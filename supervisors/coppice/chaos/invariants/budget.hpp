#pragma once

#include <chrono>
#include <deque>
#include <string_view>
#include <unordered_map>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// A supervisor makes each restart that its budget allows, none that it does not, and gives up when, and only when, one
/// more would be too many (S102 to S107). No restart goes uncounted.
///
/// Counted in another way than the supervisor's own: of so many restarts within a window, the oldest of the last
/// `max_restarts` decides.
class budget final : public invariant {
 public:
  /// `exact_times`: what happens is told at the time at which it happens, as in virtual time. Otherwise a supervisor
  /// may have looked at the clock at any time since what it reacts to, and gets the benefit of the doubt.
  explicit budget(bool exact_times) : exact_times_{exact_times} {}

  std::string_view name() const noexcept override { return "the budget honoured exactly"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;

 private:
  // The second in which something happened lies between these two.
  struct span {
    std::chrono::seconds earliest;
    std::chrono::seconds latest;
  };
  struct account {
    std::deque<span> restarts;  // the last ones, at most as many as are allowed
    bool gave_up = false;
  };

  void on_restarting(account& its, const tree_step& step, violation_list& found);
  void on_limit(account& its, const tree_step& step, violation_list& found);
  span when(const tree_step& step) const;

  bool exact_times_;
  std::unordered_map<pid, account> accounts_;  // by supervisor
};

}  // namespace coppice
