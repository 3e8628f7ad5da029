#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <coppice/scheduling/clock.hpp>
#include <coppice/scheduling/tick_clock.hpp>

namespace coppice::scheduling {

/// The time of a clock, or up to two microseconds later; never earlier, and it never goes back. Read in a third of the
/// time, where the system's own clock is the processor's tick counter: the time that has passed since the last look at
/// the clock is reckoned from ticks, generously. It looks again after a fifth of a millisecond.
///
/// Threads: for one only.
class alignas(64) near_clock {
 public:
  static constexpr std::chrono::nanoseconds most_late{2000};

  /// Of a clock that is not `real`, every reading is exact.
  near_clock(const clock& exact, bool real) noexcept;

  time_point now() noexcept {
    const std::uint64_t passed = ticks() - tick_;
    if (passed >= good_for_) [[unlikely]] {
      return look();
    }
    // A processor may read its counter before it has done what comes before in the program.
    const std::int64_t reckoned = at_ns_ + static_cast<std::int64_t>(passed * rate_ >> rate_shift);
    last_ns_ = std::max(last_ns_, reckoned);
    return time_point{std::chrono::nanoseconds{last_ns_}};
  }

 private:
  static constexpr unsigned rate_shift = 32;

  time_point look() noexcept;
  void measure(std::uint64_t tick, std::int64_t ns) noexcept;

  std::uint64_t tick_ = 0;      // at the last look, or a little before
  std::uint64_t good_for_ = 0;  // so many ticks; 0: every reading is a look
  std::uint64_t rate_ = 0;      // nanoseconds a tick, and a little more
  std::int64_t at_ns_ = 0;      // at the last look, and a little later
  std::int64_t last_ns_;

  const clock& exact_;
  const bool counts_;
  // Since when the length of a tick is measured, and what it was found to be; 0: it is not known.
  std::uint64_t first_tick_ = 0;
  std::int64_t first_ns_ = 0;
  double tick_ns_ = 0;
};

}  // namespace coppice::scheduling
