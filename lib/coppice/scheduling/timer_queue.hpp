#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <coppice/scheduling/clock.hpp>

namespace coppice::scheduling {

/// Names one timer of one queue, pending or past. A plain value; 0 names none. Never reused.
struct timer_id {
  std::uint64_t value = 0;

  explicit operator bool() const noexcept { return value != 0; }
  friend bool operator==(timer_id, timer_id) = default;
};

/// What a timer does when it expires: a callable without arguments and without result, moved in and called once.
///
/// Callables of up to 48 bytes, aligned to at most 8, that move without throwing lie inside; others are allocated.
///
/// Threads: like any value; the call runs on whichever thread fires the queue.
class alignas(8) timer_action {
 public:
  static constexpr std::size_t inline_size = 48;

  timer_action() noexcept = default;

  template <typename Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, timer_action> &&
             std::invocable<std::remove_cvref_t<Function>&>)
  timer_action(Function&& function) {  // NOLINT(google-explicit-constructor): a lambda is an action
    using stored = std::remove_cvref_t<Function>;
    if constexpr (fits_inline<stored>) {
      ::new (static_cast<void*>(storage_)) stored(std::forward<Function>(function));
      operations_ = &inline_operations<stored>;
    } else {
      stored* const moved = new stored(std::forward<Function>(function));
      std::memcpy(storage_, &moved, sizeof(moved));
      operations_ = &heap_operations<stored>;
    }
  }

  timer_action(timer_action&& other) noexcept { take(other); }
  timer_action& operator=(timer_action&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~timer_action() { reset(); }

  /// Runs the callable. There has to be one.
  void operator()() { operations_->invoke(storage_); }

  /// Destroys the callable, if there is one.
  void reset() noexcept {
    if (operations_ == nullptr) return;
    if (operations_->destroy != nullptr) operations_->destroy(storage_);
    operations_ = nullptr;
  }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  /// Whether destroying it runs no code.
  bool is_trivial() const noexcept { return operations_ == nullptr || operations_->destroy == nullptr; }

 private:
  struct operations {
    void (*invoke)(void* storage);
    void (*relocate)(void* from, void* to) noexcept;  // null: copying the bytes does
    void (*destroy)(void* storage) noexcept;          // null: there is nothing to do
  };

  template <typename Function>
  static constexpr bool fits_inline = sizeof(Function) <= inline_size &&
                                      alignof(Function) <= 8 && std::is_nothrow_move_constructible_v<Function>;

  template <typename Function>
  static constexpr operations inline_operations{
      [](void* storage) { static_cast<void>((*static_cast<Function*>(storage))()); },
      std::is_trivially_copyable_v<Function> ? nullptr
                                             : +[](void* from, void* to) noexcept {
                                                 Function* const source = static_cast<Function*>(from);
                                                 ::new (to) Function(std::move(*source));
                                                 source->~Function();
                                               },
      std::is_trivially_destructible_v<Function>
          ? nullptr
          : +[](void* storage) noexcept { static_cast<Function*>(storage)->~Function(); }};

  template <typename Function>
  static Function* on_heap(void* storage) noexcept {
    Function* function;
    std::memcpy(&function, storage, sizeof(function));
    return function;
  }

  template <typename Function>
  static constexpr operations heap_operations{[](void* storage) { static_cast<void>((*on_heap<Function>(storage))()); },
                                              nullptr,
                                              [](void* storage) noexcept { delete on_heap<Function>(storage); }};

  void take(timer_action& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ == nullptr) return;
    if (operations_->relocate != nullptr) {
      operations_->relocate(other.storage_, storage_);
    } else {
      std::memcpy(storage_, other.storage_, inline_size);
    }
  }

  std::byte storage_[inline_size] = {};
  operations const* operations_ = nullptr;
};

/// The timers of one scheduler thread.
///
/// They expire by deadline, those of one deadline in the order in which they were started, and never before the
/// deadline. A timer that has an owner is cancelled with all the others of that owner by `cancel_all_of`.
///
/// Starting costs tens of nanoseconds and cancelling less, with a million pending; a pending timer takes 112 bytes,
/// and each owner of some about 16 more. What finished timers took is given back to the system.
///
/// Errors: `start` throws `std::bad_alloc` when memory, or the room for about 178 million pending timers, is used up;
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
    std::uint64_t sequence = 0;
    std::uint64_t generation = 1;
  };

  timer_queue();
  explicit timer_queue(origin first);
  timer_queue(timer_queue const&) = delete;
  timer_queue& operator=(timer_queue const&) = delete;
  /// Destroys the actions of pending timers without running them.
  ~timer_queue();

  /// Starts a timer. An `owner` is any number but 0 (a pid's value), whose death is to cancel the timer; 0: none.
  /// A deadline that is already past is due at once. An action without a callable just expires.
  timer_id start(time_point deadline, timer_action action, std::uint64_t owner = 0);

  /// Cancels a timer and returns its deadline; `nullopt` if it was not pending: fired (its action may still be
  /// running), cancelled, or unknown.
  std::optional<time_point> cancel(timer_id id);

  /// Cancels all pending timers of an owner and returns how many there were. Takes time for those alone.
  std::size_t cancel_all_of(std::uint64_t owner);

  /// Runs the actions of timers with a deadline of `now` or before, one after the other, and returns how many.
  ///
  /// An action may start and cancel timers: one that it starts for `now` or before fires in the same call, one that it
  /// cancels does not fire. `max` bounds the call. An exception that an action throws leaves the call; that timer has
  /// fired, those after it stay pending.
  std::size_t fire_due(time_point now, std::size_t max = std::numeric_limits<std::size_t>::max());

  /// The deadline of a pending timer; `nullopt` under the same conditions as `cancel`.
  std::optional<time_point> deadline_of(timer_id id) const;

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
