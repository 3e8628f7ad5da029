#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace coppice::scheduling {

/// An instant, in nanoseconds. Of a real clock it counts from some moment before the program began, of a virtual one
/// from 0.
using time_point = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Where a runtime takes its time from, and the only place where it does.
///
/// It is monotonic: two readings, the second made after the first, never go backwards.
///
/// Blocking: never. Threads: safe to share.
class clock {
 public:
  clock() = default;
  clock(clock const&) = delete;
  clock& operator=(clock const&) = delete;
  virtual ~clock();

  virtual time_point now() const noexcept = 0;
};

/// The time of the machine: `std::chrono::steady_clock`.
class real_clock final : public clock {
 public:
  time_point now() const noexcept override;
};

/// Time that stands still until it is told to move, for simulations and tests.
///
/// It begins at 0, whatever the machine, so that every run sees the same instants. It never goes back: a move to an
/// instant that is past, or by less than nothing, leaves it where it is; a move beyond the last instant stops there.
///
/// Threads: any thread may read it or move it.
class virtual_clock final : public clock {
 public:
  void advance_to(time_point instant) noexcept;
  void advance(std::chrono::nanoseconds by) noexcept;

  time_point now() const noexcept override;

 private:
  std::atomic<std::int64_t> now_ns_{0};
};

}  // namespace coppice::scheduling
