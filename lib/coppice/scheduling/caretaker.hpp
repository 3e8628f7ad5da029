#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

#include <coppice/scheduling/carrier_depot.hpp>
#include <coppice/scheduling/clock.hpp>

namespace coppice::scheduling {

class stack_pool;

/// Gives back the memory that many have left who are gone.
///
/// What has not been needed for a whole interval is not needed: so many carriers as have rested all the time are ended,
/// a batch at a time, and the pages of their stacks go to the system; a program that breathes keeps what it breathes
/// with. After a mass death the pools and the allocator are trimmed as well, when every thread has handed out what it
/// keeps. While there is nothing to give back,
/// nothing is looked at, and nobody wakes up for it.
///
/// Threads: safe to share; one at a time does the work, and others do not wait for it.
class caretaker {
 public:
  static constexpr std::chrono::milliseconds interval{100};

  caretaker(carrier_depot& carriers, stack_pool& stacks) noexcept : carriers_{carriers}, stacks_{stacks} {}

  /// What else is to give memory back after a mass death. Set before it is used.
  void when_many_have_ended(std::function<void()> hook) { hook_ = std::move(hook); }

  /// Everything is to be trimmed, an interval after the first one in which this is not said again.
  void many_have_ended() noexcept { many_ended_.store(true, std::memory_order_relaxed); }

  /// Changes when a mass death is over, an interval before all is trimmed: who keeps blocks of memory at hand is to
  /// hand them out, because one of them keeps many others from being given back.
  unsigned mass_deaths() const noexcept { return mass_deaths_.load(std::memory_order_relaxed); }

  /// Whether one was over not long ago, so that a thread which was held up may have had a part of it after that: who
  /// has nothing to do then is to hand out its blocks as well.
  bool is_soon_after_mass_death(time_point now) const noexcept {
    return now.time_since_epoch().count() < soon_until_ns_.load(std::memory_order_relaxed);
  }

  /// Somebody has handed out its blocks. Where that was too late, all is trimmed once more.
  void blocks_handed_out() noexcept;

  bool has_work() const noexcept {
    return carriers_.size() != 0 || ended_.load(std::memory_order_relaxed) != 0 ||
           many_ended_.load(std::memory_order_relaxed) || stage_.load(std::memory_order_relaxed) != stage::nothing;
  }

  /// When it is to be called next, if it has work.
  time_point due() const noexcept {
    return time_point{std::chrono::nanoseconds{due_ns_.load(std::memory_order_relaxed)}};
  }

  /// Does a part of the work, if it is time. Returns carriers that are to be ended, by the caller; when they have ended
  /// there may be more at once.
  carrier_list work(time_point now);

  /// A carrier comes to its end, and its stack is back.
  void carrier_ends() noexcept { ending_.fetch_add(1, std::memory_order_relaxed); }
  void carrier_has_ended() noexcept {
    ended_.fetch_add(1, std::memory_order_relaxed);
    ending_.fetch_sub(1, std::memory_order_relaxed);
  }
  /// How many are between the two.
  std::size_t ending() const noexcept { return ending_.load(std::memory_order_relaxed); }

 private:
  void go_on_trimming(time_point now);

  carrier_depot& carriers_;
  stack_pool& stacks_;
  std::function<void()> hook_;
  std::atomic<bool> many_ended_{false};  // in this interval
  std::atomic<std::int64_t> due_ns_{0};

  std::atomic<unsigned> mass_deaths_{0};
  std::atomic<std::int64_t> soon_until_ns_{0};
  enum class stage : std::uint8_t { nothing, many_end, blocks_are_handed_out };
  std::atomic<stage> stage_{stage::nothing};  // of a mass death, up to the trimming

  std::mutex working_;
  std::size_t all_ended_ = 0;  // under the lock: carriers, since that was taken for a mass death

  std::atomic<std::size_t> ending_{0};
  std::atomic<std::size_t> ended_{0};  // carriers whose stacks have come back since the stacks were trimmed
};

}  // namespace coppice::scheduling
