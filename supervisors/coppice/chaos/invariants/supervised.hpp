#pragma once

#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// In a quiet tree each process has a living supervisor that counts it among its children; and a supervisor that ends
/// in an orderly way, with `shutdown`, leaves no child that lives.
class supervised final : public invariant {
 public:
  std::string_view name() const noexcept override { return "no process without a supervisor"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
};

}  // namespace coppice
