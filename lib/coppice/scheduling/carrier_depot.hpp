#pragma once

#include <atomic>
#include <cstddef>

#include <coppice/scheduling/runnable.hpp>
#include <coppice/scheduling/spinlock.hpp>

namespace coppice::scheduling {

class carrier;

/// Carriers that rest, linked through themselves: the one that came last is the first to go.
class carrier_list {
 public:
  void push(carrier& added) noexcept;
  /// Null when there is none.
  carrier* pop() noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  carrier* first_ = nullptr;
  std::size_t size_ = 0;
};

/// The carriers that rest, beyond the few that each thread keeps for itself.
///
/// A process that waits may go on on another thread, and leaves its carrier there at its end: without a place that all
/// share one thread would heap up carriers for ever while another makes ever new ones.
///
/// Those in it belong to no thread. Threads: safe to share.
class carrier_depot {
 public:
  void put(carrier& resting) noexcept;
  /// One of that stack class; null when there is none.
  carrier* take(unsigned stack_class) noexcept;

  /// Begins an interval, in which those of each size count as unneeded that rest all the time.
  void begin_interval() noexcept;
  /// Some of those that were unneeded in the interval up to now.
  carrier_list take_unneeded(std::size_t most) noexcept;

  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  // Under the lock.
  carrier* take_from(unsigned stack_class) noexcept;

  spinlock lock_;
  carrier_list lists_[stack_classes];
  std::size_t unneeded_[stack_classes] = {};  // the fewest that have rested since the interval began
  std::atomic<std::size_t> size_{0};
};

}  // namespace coppice::scheduling
