#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <new>

#include <coppice/scheduling/private_lock.hpp>
#include <coppice/scheduling/tick_clock.hpp>
#include <coppice/scheduling/timer_queue.hpp>

namespace coppice::scheduling {

class deferred_timers;
class runtime;

/// A timer of a runtime.
struct timer {
  timer_id id;
  std::uint32_t shard = 0;
  explicit operator bool() const noexcept { return id.value != 0; }
};

/// A timer for a wait that is mostly over long before its time. Nothing is started, and no clock is read, while it is
/// young; a thread that looks after its timers starts it then, for the time at which it was to expire.
///
/// It begins when it is made. Lies where its owner wants; its address is kept while it is started.
///
/// Threads: started and cancelled by its owner, on whichever thread that is.
class deferred_timer {
 public:
  /// The longest time is for ever: it is never to be started.
  explicit deferred_timer(std::chrono::nanoseconds time) noexcept
      : began_{time == std::chrono::nanoseconds::max() ? 0 : ticks()}, time_{time} {}
  deferred_timer(const deferred_timer&) = delete;
  deferred_timer& operator=(const deferred_timer&) = delete;

  bool is_started() const noexcept { return started_; }

 protected:
  ~deferred_timer() = default;

 private:
  friend class deferred_timers;
  friend class runtime;

  /// What is to be done when the time is up.
  virtual timer_action action() const = 0;

  const std::uint64_t began_;
  const std::chrono::nanoseconds time_;
  bool started_ = false;
  deferred_timers* list_ = nullptr;  // it was put on; null: its timer was started at once
  // Under the lock of the list.
  bool linked_ = false;
  deferred_timer* before_ = nullptr;
  deferred_timer* after_ = nullptr;
  timer timer_;
};

/// The young ones of one scheduler thread, oldest first. Any thread may take the older ones out and start them.
class deferred_timers {
 public:
  /// There is only one scheduler thread: they need no lock. Before anything else.
  void make_private() noexcept { lock_.make_private(); }

  void add(deferred_timer& young) noexcept;

  /// Takes it out, if nobody has started it yet; else gives back its timer. In either case it is touched no more.
  timer remove(deferred_timer& over) noexcept;

  /// When the oldest began; 0: there are none. Any thread.
  std::uint64_t oldest() const noexcept { return oldest_.load(std::memory_order_relaxed); }

  /// Calls `start`, which returns the timer, for each of them that is old enough.
  template <class IsOld, class Start>
  void start_old(IsOld is_old, Start start) {
    const std::lock_guard hold{lock_};
    while (first_ != nullptr && is_old(first_->began_)) {
      try {
        first_->timer_ = start(*first_);
      } catch (const std::bad_alloc&) {
        return;  // the next look may find memory
      }
      unlink(*first_);
    }
  }

 private:
  void unlink(deferred_timer& out) noexcept;

  private_lock lock_;  // also held while a timer is started: whoever has it is not held up for long
  deferred_timer* first_ = nullptr;
  deferred_timer* last_ = nullptr;
  std::atomic<std::uint64_t> oldest_{0};
};

}  // namespace coppice::scheduling
