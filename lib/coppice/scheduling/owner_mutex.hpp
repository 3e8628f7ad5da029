#pragma once

#include <atomic>
#include <mutex>

namespace coppice::scheduling {

/// A mutex that may have an owner: one thread that nearly always is alone. The owner locks it without an atomic
/// instruction, until anybody else wants it. From then on it is a mutex as any other, for good.
///
/// Blocking: as a mutex. The first of the others costs a system call as well, some microseconds.
class owner_mutex {
 public:
  /// From now on it has an owner, if the system can do that. Before anybody locks it.
  void give_owner() noexcept;
  bool has_owner() const noexcept { return !is_shared_.load(std::memory_order_relaxed); }

  /// Locks it while it lives.
  class hold {
   public:
    /// Whether the calling thread is the owner. There is but one at a time, and while there is none this is false.
    hold(owner_mutex& locked, bool is_owner) : locked_{locked}, alone_{is_owner && locked.enter()} {
      if (!alone_) [[unlikely]] {
        locked_.lock();
      }
    }
    ~hold() {
      if (alone_) [[likely]] {
        locked_.leave();
      } else {
        locked_.mutex_.unlock();
      }
    }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;

   private:
    owner_mutex& locked_;
    const bool alone_;
  };

 private:
  // The owner says that it is inside and then looks whether others have come; who comes says so, and then looks whether
  // the owner is inside. Between the two it makes the owner's processor execute a barrier, so the owner needs none.
  bool enter() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!is_shared_.load(std::memory_order_acquire)) [[likely]] {
      return true;
    }
    leave();
    return false;
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }
  void lock();
  void take_from_owner() noexcept;

  std::mutex mutex_;
  std::atomic<bool> is_shared_{true};
  std::atomic<bool> inside_{false};  // the owner, without the mutex
};

}  // namespace coppice::scheduling
