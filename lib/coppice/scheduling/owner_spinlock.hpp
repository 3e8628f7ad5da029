#pragma once

#include <coppice/scheduling/owner_gate.hpp>
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
    explicit owners_hold(owner_spinlock& taken) noexcept : taken_{taken}, alone_{taken.gate_.enter()} {
      if (!alone_) [[unlikely]] {
        taken_.lock_.lock();
      }
    }
    ~owners_hold() {
      if (alone_) [[likely]] {
        taken_.gate_.leave();
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
  spinlock lock_;
  owner_gate gate_;         // shut while it is visited
  bool has_owner_ = false;  // changed under the lock
};

}  // namespace coppice::scheduling
