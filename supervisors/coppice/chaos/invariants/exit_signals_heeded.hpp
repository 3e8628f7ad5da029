#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// In a quiet tree each supervisor has reacted to each end of a child that it had not told to end: by a restart or by
/// giving up, if the child's restart type and the reason say so (S96), or else by leaving it down, and by ending
/// itself where `auto_shutdown` says so (S112, S113). A start that failed in a restart has been tried again (S107). And
/// nobody is restarted who ought to stay down.
class exit_signals_heeded final : public invariant {
 public:
  std::string_view name() const noexcept override { return "no exit signal lost"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;

 private:
  // A significant child that ended by itself for good, of which its supervisor ought to end.
  struct last_straw {
    std::string path;
    std::string reason;
  };

  void on_end(const tree_step& step);

  std::unordered_map<pid, std::vector<last_straw>> straws_;  // by supervisor
};

}  // namespace coppice
