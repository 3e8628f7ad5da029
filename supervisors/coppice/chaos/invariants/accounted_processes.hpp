#pragma once

#include <string_view>
#include <unordered_map>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// In a quiet tree each process is one of the tree, or was made by a living worker of the tree, or is linked to the
/// supervisor that made it in a start function, or belongs to what drives the tree. When the tree is gone, only the
/// last are left.
class accounted_processes final : public invariant {
 public:
  std::string_view name() const noexcept override { return "nothing unaccounted in the process table"; }
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
  void check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) override;
};

}  // namespace coppice
