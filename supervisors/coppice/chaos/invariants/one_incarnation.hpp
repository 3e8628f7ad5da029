#pragma once

#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// Nobody is started at a path while the one before still lives there, whoever supervises the two.
class one_incarnation final : public invariant {
 public:
  std::string_view name() const noexcept override { return "no two incarnations at once"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
};

}  // namespace coppice
