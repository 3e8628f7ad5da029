#pragma once

#include <mutex>

#include <coppice/scheduling/owner_gate.hpp>

namespace coppice::scheduling {

/// A mutex that may have an owner: one thread that nearly always is alone. The owner locks it without an atomic
/// instruction, until anybody else wants it. From then on it is a mutex as any other, for good.
///
/// Blocking: as a mutex. The first of the others costs a system call as well, some microseconds.
class owner_mutex {
 public:
  /// From now on it has an owner, if the system can do that. Before anybody locks it.
  void give_owner() noexcept;
  bool has_owner() const noexcept { return gate_.is_open(); }

  /// Locks it while it lives.
  class hold {
   public:
    /// Whether the calling thread is the owner. There is but one at a time, and while there is none this is false.
    hold(owner_mutex& locked, bool is_owner) : locked_{locked}, alone_{is_owner && locked.gate_.enter()} {
      if (!alone_) [[unlikely]] {
        locked_.lock();
      }
    }
    ~hold() {
      if (alone_) [[likely]] {
        locked_.gate_.leave();
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
  void lock();

  std::mutex mutex_;
  owner_gate gate_;  // from the first of the others on it is shut
};

}  // namespace coppice::scheduling
