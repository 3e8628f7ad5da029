#pragma once

#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// A child that has a name in the tree is registered under it from its start to its end; in a quiet tree no name of the
/// tree points anywhere else, and the dead have no names.
class names_in_place final : public invariant {
 public:
  std::string_view name() const noexcept override { return "every name where it belongs"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
  void check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) override;
};

}  // namespace coppice
