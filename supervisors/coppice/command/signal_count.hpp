#pragma once

#include <chrono>
#include <optional>

namespace coppice::command {

/// Tells a second signal from an echo of the first.
///
/// Who signals a process group and one of its members, as `timeout` does and some CI systems, means one signal, and two
/// arrive at once. What arrives within `echo` of the first is taken for it.
class signal_count {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Nobody means to press a key twice as fast.
  static constexpr std::chrono::milliseconds echo{200};

  /// 1: the first; 2: a second, or a later one; 0: an echo.
  int count(time_point now) noexcept {
    if (!first_) {
      first_ = now;
      return 1;
    }
    return now - *first_ < echo ? 0 : 2;
  }

 private:
  std::optional<time_point> first_;
};

}  // namespace coppice::command
