#pragma once

#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// In a quiet tree each process has a living supervisor that counts it among its children.
class supervised final : public invariant {
 public:
  std::string_view name() const noexcept override { return "no process without a supervisor"; }
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
};

}  // namespace coppice
