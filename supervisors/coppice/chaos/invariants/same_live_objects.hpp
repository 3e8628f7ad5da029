#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include <coppice/chaos/invariants/violation_list.hpp>
#include <coppice/process/live_objects.hpp>

namespace coppice {

/// When a tree is gone there are as many objects of each kind as there were before it.
class same_live_objects {
 public:
  /// `count` may be empty: then nothing is compared.
  explicit same_live_objects(std::function<live_objects()> count) : count_{std::move(count)} {}

  static constexpr std::string_view name() noexcept { return "as many live objects as before"; }

  void begin() {
    if (count_) before_ = count_();
  }
  /// In real time what is about to go is waited for.
  void check_gone(bool is_virtual, violation_list& found) const;

 private:
  std::function<live_objects()> count_;
  std::optional<live_objects> before_;
};

}  // namespace coppice
