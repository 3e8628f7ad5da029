#pragma once

#include <atomic>

#include <coppice/scheduling/spinlock.hpp>

namespace coppice::scheduling {

/// A spinlock that may have an owner: one thread that takes it all the time, while others come as good as never. The
/// owner takes it without an atomic instruction; each of the others costs a barrier of all threads, some microseconds.
///
/// `owner_mutex` is for those of whom the first one ends the owner's privilege.
class owner_spinlock {
 public:
  /// From now on it has an owner, if the system can do that. Before anybody takes it.
  void give_owner() noexcept;

  /// The owner has it while this lives.
  class owners_hold {
   public:
    explicit owners_hold(owner_spinlock& taken) noexcept : taken_{taken}, alone_{taken.enter()} {
      if (!alone_) [[unlikely]] {
        taken_.lock_.lock();
      }
    }
    ~owners_hold() {
      if (alone_) [[likely]] {
        taken_.leave();
      } else {
        taken_.lock_.unlock();
      }
    }
    owners_hold(const owners_hold&) = delete;
    owners_hold& operator=(const owners_hold&) = delete;

   private:
    owner_spinlock& taken_;
    const bool alone_;
  };

  // For all others.
  bool try_lock() noexcept;
  void unlock() noexcept;

 private:
  // As in `owner_mutex`: the owner says that it is inside and then looks for visitors, a visitor says that it is there
  // and then looks for the owner, and between the two has the owner's processor execute a barrier.
  bool enter() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!is_visited_.load(std::memory_order_acquire)) [[likely]] {
      return true;
    }
    leave();
    return false;
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }

  spinlock lock_;
  std::atomic<bool> is_visited_{true};  // then the owner needs the lock as well
  std::atomic<bool> inside_{false};     // the owner, without the lock
  bool has_owner_ = false;              // changed under the lock
};

}  // namespace coppice::scheduling
