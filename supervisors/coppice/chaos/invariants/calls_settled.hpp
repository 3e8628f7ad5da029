#pragma once

#include <cstdint>
#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// In a quiet tree nobody waits for the answer to a call that no living process has left to give. Of the calls that
/// were counted, none has come to two ends, and when the tree is gone, each to one.
class calls_settled final : public invariant {
 public:
  std::string_view name() const noexcept override { return "every call answered or failed"; }
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
  void check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) override;

  void call_begun() noexcept { ++begun_; }
  void call_answered() noexcept { ++answered_; }
  void call_failed() noexcept { ++failed_; }

 private:
  void tell_counts(violation_list& found);

  std::uint64_t begun_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace coppice
