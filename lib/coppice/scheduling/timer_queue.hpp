#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include <coppice/scheduling/clock.hpp>
#include <coppice/scheduling/timer_action.hpp>

namespace coppice::scheduling {

class scheduler;

/// Names one timer of one queue, pending or past. A plain value; 0 names none. Never reused.
struct timer_id {
  std::uint64_t value = 0;

  explicit operator bool() const noexcept { return value != 0; }
  friend bool operator==(timer_id, timer_id) = default;
};

/// The timers of one scheduler thread.
///
/// They expire by deadline, those of one deadline in the order in which they were started, and never before the
/// deadline. A timer that has an owner is cancelled with all the others of that owner by `cancel_all_of`.
///
/// Starting costs tens of nanoseconds and cancelling less, with a million pending; a pending timer takes 80 bytes,
/// and each owner of some about 16 more. What finished timers took is given back to the system.
///
/// Errors: `start` throws `std::bad_alloc` when memory, or the room for about 268 million pending timers, is used up;
/// the queue is then as it was.
/// Blocking: its mutex is held for one operation at a time, never while an action runs or is destroyed.
/// Threads: safe to share. When several threads fire at once, each fires in order, but their actions run side by side.
///
///     timer_queue queue;
///     timer_id const id = queue.start(clock.now() + 5s, [] { ring(); });
///     if (queue.cancel(id)) {}  // it will not ring
class timer_queue {
 public:
  /// Where the inner counters begin. A test sets them close to their end, to see what happens there.
  struct origin {
    std::uint32_t sequence = 0;
    std::uint32_t generation = 1;
  };

  timer_queue();
  explicit timer_queue(origin first);
  /// One that only that scheduler's thread uses, as far as is known: it pays for no lock, until another thread comes.
  explicit timer_queue(scheduler const& user);
  timer_queue(timer_queue const&) = delete;
  timer_queue& operator=(timer_queue const&) = delete;
  /// Destroys the actions of pending timers without running them.
  ~timer_queue();

  /// Starts a timer. An `owner` is any number but 0 (a pid's value), whose death is to cancel the timer; 0: none.
  /// A deadline that is already past is due at once. An action without a callable just expires. Takes the action unless
  /// it throws.
  timer_id start(time_point deadline, timer_action&& action, std::uint64_t owner = 0);

  /// Has what `cancel` or `is_pending` will look at fetched from memory, while the caller does something else.
  void prefetch(timer_id id) const noexcept;

  /// Cancels a timer. False: it was not pending, but fired (its action may still be running), cancelled, or unknown.
  bool cancel(timer_id id);

  /// Cancels all pending timers of an owner and returns how many there were. Takes time for those alone.
  std::size_t cancel_all_of(std::uint64_t owner);

  /// Runs the actions of timers with a deadline of `now` or before, one after the other, and returns how many.
  ///
  /// An action may start and cancel timers: one that it starts for `now` or before fires in the same call, one that it
  /// cancels does not fire. `max` bounds the call. An exception that an action throws leaves the call; that timer has
  /// fired, those after it stay pending.
  std::size_t fire_due(time_point now, std::size_t max = std::numeric_limits<std::size_t>::max());

  /// False under the same conditions as `cancel`.
  bool is_pending(timer_id id) const;

  /// The earliest deadline of all that are pending, exactly.
  std::optional<time_point> next_deadline() const;

  /// At or before `next_deadline()`, read without the lock: `time_point::max()` when nothing is pending. It stays too
  /// early only after the earliest timer was cancelled, and until somebody calls `next_deadline` or `fire_due`.
  time_point next_deadline_bound() const noexcept {
    return time_point(std::chrono::nanoseconds(bound_ns_.load(std::memory_order_seq_cst)));
  }

  /// How many timers are pending.
  std::size_t size() const;

 private:
  struct state;

  std::unique_ptr<state> state_;
  // Written under the lock only.
  mutable std::atomic<std::int64_t> bound_ns_{std::numeric_limits<std::int64_t>::max()};
};

}  // namespace coppice::scheduling

template <>
struct std::hash<coppice::scheduling::timer_id> {
  std::size_t operator()(coppice::scheduling::timer_id id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value);
  }
};
