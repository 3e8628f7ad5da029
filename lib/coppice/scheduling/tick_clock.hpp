#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <coppice/scheduling/clock.hpp>

namespace coppice::scheduling {

/// What time it is, in a unit that only `tick_clock` knows. A few nanoseconds, where the processor counts for itself.
inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  return static_cast<std::uint64_t>(real_clock{}.now().time_since_epoch().count());
#endif
}

/// Says how long ago a tick was, for what is measured often and needed seldom.
///
/// Good for short times: it takes the ticks since it was made to have been of one length. Never says less than nothing.
///
/// Threads: safe.
class tick_clock {
 public:
  explicit tick_clock(time_point now) noexcept : began_{now}, first_{ticks()} {}

  std::chrono::nanoseconds since(std::uint64_t tick, time_point now) const noexcept {
    const std::uint64_t last = ticks();
    if (last <= tick || tick < first_ || last <= first_) return {};
    const auto all = static_cast<double>((now - began_).count());
    const double passed = all * static_cast<double>(last - tick) / static_cast<double>(last - first_);
    return std::chrono::nanoseconds{static_cast<std::int64_t>(std::max(passed, 0.0))};
  }

 private:
  const time_point began_;
  const std::uint64_t first_;
};

}  // namespace coppice::scheduling
