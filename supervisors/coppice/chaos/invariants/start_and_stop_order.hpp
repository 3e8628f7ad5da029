#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// A supervisor starts its children in their order, when it begins and in a restart of a group, and ends them in the
/// reverse order, each one fully before the next; it ends whom its strategy says and nobody else; and it starts nobody
/// before all that it ends have ended.
class start_and_stop_order final : public invariant {
 public:
  std::string_view name() const noexcept override { return "start forward, stop backward"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;

 private:
  enum class phase : unsigned char {
    idle,      // what happens now, somebody has asked for
    starting,  // all children behind `place`, one after the other
    ending,    // all children from `first` on, for a restart of the group
    one,       // the child at `place` is restarted
    failed,    // one that it began with did not start: it has to stop
    stopping,
  };
  struct progress {
    phase now = phase::starting;
    bool begins = true;       // it starts those that it begins with
    std::uint64_t place = 0;  // the last one that it has tried to start; of `one`: the one to be
    std::uint64_t first = 0;
    bool terminating = false;  // terminate_child is at work
  };

  void on_starting(progress& its, const tree_step& step, violation_list& found);
  void on_ending(progress& its, const tree_step& step, violation_list& found);
  void on_restarting(progress& its, const tree_step& step);
  /// What was begun is over: nothing of it may be missing.
  void finish(progress& its, const known_supervisor& of, violation_list& found);

  std::unordered_map<pid, progress> progress_;  // by supervisor
};

}  // namespace coppice
