#pragma once

#include <coppice/scheduling/spinlock.hpp>

namespace coppice::scheduling {

/// A lock that is left out where one thread alone uses what it guards: a lock that nobody else can want is not worth
/// its price.
class private_lock : public spinlock {
 public:
  /// From now on only one thread uses what it guards. Before anything else.
  void make_private() noexcept { is_private_ = true; }
  bool is_private() const noexcept { return is_private_; }

  void lock() noexcept {
    if (!is_private_) spinlock::lock();
  }
  bool try_lock() noexcept { return is_private_ || spinlock::try_lock(); }
  void unlock() noexcept {
    if (!is_private_) spinlock::unlock();
  }

 private:
  bool is_private_ = false;
};

}  // namespace coppice::scheduling
