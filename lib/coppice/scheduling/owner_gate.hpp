#pragma once

#include <atomic>

namespace coppice::scheduling {

/// How one thread, the owner of something, gets in without an atomic instruction, and others can keep it out.
///
/// The owner says that it is inside and then looks whether the gate is shut; who shuts it says so, and then looks
/// whether the owner is inside. Between the two he makes the owner's processor execute a barrier, so the owner needs
/// none.
///
/// Threads: `enter` and `leave` for the owner; the others need a lock of their own, and the owner, when it is kept out,
/// that one as well.
class owner_gate {
 public:
  /// It begins shut. Opens it for the owner, who may be anywhere.
  void open() noexcept { is_shut_.store(false, std::memory_order_release); }
  bool is_open() const noexcept { return !is_shut_.load(std::memory_order_relaxed); }

  /// Shuts it, some microseconds, and waits until the owner is outside. False: the system refused the barrier, and it
  /// took ten milliseconds instead.
  bool shut() noexcept;

  /// True: the owner is inside. False: it is kept out.
  bool enter() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!is_shut_.load(std::memory_order_acquire)) [[likely]] {
      return true;
    }
    leave();
    return false;
  }
  void leave() noexcept { inside_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> is_shut_{true};
  std::atomic<bool> inside_{false};
};

}  // namespace coppice::scheduling
