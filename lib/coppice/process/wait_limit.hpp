#pragma once

// Private to lib/coppice.

#include <chrono>

#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/scheduling/deferred_timer.hpp>

namespace coppice::detail {

class control_block;

/// The end of a wait: never, or so long from now (the longest time of a unit is for ever). Its timer is started when
/// the process first has to suspend.
class wait_limit final : public scheduling::deferred_timer {
 public:
  wait_limit() noexcept : deferred_timer{std::chrono::nanoseconds::max()}, is_limited_{false} {}
  template <class Rep, class Period>
  explicit wait_limit(std::chrono::duration<Rep, Period> time) noexcept
      : deferred_timer{in_nanoseconds(time)}, is_limited_{in_nanoseconds(time) != std::chrono::nanoseconds::max()} {}
  wait_limit(const wait_limit&) = delete;
  wait_limit& operator=(const wait_limit&) = delete;
  ~wait_limit() {
    if (is_started()) cancel();
  }

  bool passed() const noexcept { return passed_; }

 private:
  friend class control_block;

  // What the unit cannot hold is as good as the longest time that it can.
  template <class Rep, class Period>
  static std::chrono::nanoseconds in_nanoseconds(std::chrono::duration<Rep, Period> time) noexcept {
    using given = std::chrono::duration<Rep, Period>;
    constexpr auto longest = std::chrono::nanoseconds::max();
    return time >= std::chrono::duration_cast<given>(longest) ? longest : std::chrono::nanoseconds{time};
  }

  scheduling::timer_action action() const override;
  void cancel() noexcept;

  const bool is_limited_;
  bool passed_ = false;
  pid to_;
  reference token_;
};

}  // namespace coppice::detail
