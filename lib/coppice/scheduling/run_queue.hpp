#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

#include <coppice/scheduling/owner_spinlock.hpp>
#include <coppice/scheduling/private_lock.hpp>
#include <coppice/scheduling/runnable.hpp>

namespace coppice::scheduling {

/// What waits for a turn on one scheduler thread, first in, first out. Others may push to it and steal from it.
///
/// The one that was woken last by who has his turn may come first: what it was sent is still in the cache, and a tree
/// of processes that wait for their children is walked in depth, not in breadth. Not more often than so many times in a
/// row, so that nobody waits for ever.
class run_queue {
 public:
  /// From now on only one thread uses it: it needs no lock. Before anything else.
  void make_private() noexcept { lock_.make_private(); }

  /// From now on one thread's, which others visit. Before anything else.
  void give_owner() noexcept { next_lock_.give_owner(); }

  /// Returns how many wait now.
  std::size_t push(runnable& added) noexcept {
    const std::lock_guard hold{lock_};
    return append(added);
  }

  /// It comes before all others. Returns the one that did so before, which has to be pushed now, or null. Only for the
  /// thread whose queue this is.
  [[nodiscard]] runnable* push_first(runnable& added) noexcept { return put_next(&added); }

  /// `push_first`, where none comes before all others yet. False: nothing has been done.
  [[gnu::always_inline]] bool push_first_alone(runnable& added) noexcept {
    if (next_.load(std::memory_order_relaxed) != nullptr) return false;
    // Without the lock: others only take what is there, and find nothing.
    next_.store(&added, std::memory_order_release);
    return true;
  }

  /// Only for the thread whose queue this is; for any, of a queue into which nothing is pushed first.
  [[gnu::always_inline]] runnable* pop() noexcept {
    if (runnable* next = next_.load(std::memory_order_relaxed); next != nullptr && may_come_first()) [[likely]] {
      if (lock_.is_private()) [[likely]] {
        next_.store(nullptr, std::memory_order_relaxed);
      } else {
        next = put_next(nullptr);
      }
      // Somebody may have taken it in between.
      if (next != nullptr) [[likely]] {
        ++in_a_row_;
        return next;
      }
    }
    return size() != 0 ? pop_first() : nullptr;
  }

  /// Whether nothing waits. Only for the thread whose queue this is: another one may take what does.
  bool is_empty() const noexcept { return size() == 0 && next_.load(std::memory_order_relaxed) == nullptr; }

  /// Takes the one that comes before all others: its thread has not come to it for long.
  runnable* steal_next() noexcept {
    if (next_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    const std::unique_lock hold{next_lock_, std::try_to_lock};
    if (!hold) return nullptr;
    runnable* const next = next_.load(std::memory_order_acquire);
    // The owner may put one there now.
    if (next != nullptr) next_.store(nullptr, std::memory_order_relaxed);
    return next;
  }

  /// The one at `place`, counted from the front; null when there are not so many.
  runnable* pop_at(std::size_t place) noexcept {
    const std::lock_guard hold{lock_};
    if (place == 0) return take_first();
    runnable* before = first_;
    for (std::size_t i = 1; i < place && before != nullptr; ++i) before = before->next_;
    if (before == nullptr || before->next_ == nullptr) return nullptr;
    runnable* taken = before->next_;
    before->next_ = taken->next_;
    if (taken == last_) last_ = before;
    count(-1);
    return taken;
  }

  /// Moves the front half of what waits here to the end of `thief`, which must be the caller's own.
  /// Returns the first of them for the caller to run.
  runnable* steal_half(run_queue& thief) noexcept {
    if (size() == 0) return nullptr;
    runnable* got = nullptr;
    runnable* rest = nullptr;
    std::size_t more = 0;
    {
      const std::unique_lock hold{lock_, std::try_to_lock};
      if (!hold || first_ == nullptr) return nullptr;
      const std::size_t half = (size() + 1) / 2;
      got = first_;
      runnable* last = first_;
      for (std::size_t i = 1; i < half; ++i) last = last->next_;
      first_ = last->next_;
      if (first_ == nullptr) last_ = nullptr;
      count(-static_cast<std::ptrdiff_t>(half));
      last->next_ = nullptr;
      rest = got->next_;
      more = half - 1;
    }
    if (more != 0) {
      const std::lock_guard hold{thief.lock_};
      while (rest != nullptr) {
        runnable* following = rest->next_;
        thief.append(*rest);
        rest = following;
      }
    }
    got->next_ = nullptr;
    return got;
  }

  /// How many wait, but for the one that comes before all others; exact only for somebody who holds all others off.
  std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  std::size_t append(runnable& added) noexcept {
    added.next_ = nullptr;
    if (last_ != nullptr) {
      last_->next_ = &added;
    } else {
      first_ = &added;
    }
    last_ = &added;
    count(1);
    return size();
  }

  // Not more often than so many times in a row; but there is no need to count while nobody else waits.
  bool may_come_first() noexcept {
    if (in_a_row_ < most_in_a_row) return true;
    if (size() != 0) return false;
    in_a_row_ = 0;
    return true;
  }

  // Returns the one before.
  runnable* put_next(runnable* following) noexcept {
    if (lock_.is_private()) [[likely]] {
      return exchange_next(following);
    }
    const owner_spinlock::owners_hold hold{next_lock_};
    return exchange_next(following);
  }
  runnable* exchange_next(runnable* following) noexcept {
    runnable* const before = next_.load(std::memory_order_relaxed);
    next_.store(following, std::memory_order_relaxed);
    return before;
  }

  [[gnu::noinline]] runnable* pop_first() noexcept {
    const std::lock_guard hold{lock_};
    in_a_row_ = 0;
    return take_first();
  }

  runnable* take_first() noexcept {
    runnable* taken = first_;
    if (taken == nullptr) return nullptr;
    first_ = taken->next_;
    if (first_ == nullptr) last_ = nullptr;
    count(-1);
    return taken;
  }

  // Written under the lock only, read without it.
  void count(std::ptrdiff_t by) noexcept {
    size_.store(size() + static_cast<std::size_t>(by), std::memory_order_relaxed);
  }

  static constexpr std::uint32_t most_in_a_row = 64;

  owner_spinlock next_lock_;
  std::atomic<runnable*> next_{nullptr};  // comes before all others; taken and replaced under its lock only
  std::uint32_t in_a_row_ = 0;
  // Threads without work look at these, again and again.
  alignas(64) private_lock lock_;
  runnable* first_ = nullptr;
  runnable* last_ = nullptr;
  std::atomic<std::size_t> size_{0};
};

}  // namespace coppice::scheduling
