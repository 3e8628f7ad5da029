#pragma once

#include <atomic>
#include <thread>

namespace coppice::scheduling {

/// A lock for a handful of instructions: nothing that waits may happen under it.
class spinlock {
 public:
  void lock() noexcept {
    for (unsigned tries = 0; held_.exchange(true, std::memory_order_acquire); ++tries) {
      while (held_.load(std::memory_order_relaxed)) {
        if (++tries > 64) std::this_thread::yield();  // its holder may have been preempted
      }
    }
  }
  bool try_lock() noexcept { return !held_.exchange(true, std::memory_order_acquire); }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> held_{false};
};

}  // namespace coppice::scheduling
