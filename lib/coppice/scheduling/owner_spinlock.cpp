#include <thread>

#include <coppice/scheduling/asymmetric_barrier.hpp>
#include <coppice/scheduling/owner_spinlock.hpp>

namespace coppice::scheduling {

void owner_spinlock::give_owner() noexcept {
  has_owner_ = has_asymmetric_barrier();
  is_visited_.store(!has_owner_, std::memory_order_relaxed);
}

bool owner_spinlock::try_lock() noexcept {
  if (!lock_.try_lock()) return false;
  if (!has_owner_) return true;
  is_visited_.store(true, std::memory_order_seq_cst);
  // It would take its time again, so from now on there is no owner.
  if (!asymmetric_barrier()) has_owner_ = false;
  while (inside_.load(std::memory_order_acquire)) std::this_thread::yield();
  return true;
}

void owner_spinlock::unlock() noexcept {
  if (has_owner_) is_visited_.store(false, std::memory_order_release);
  lock_.unlock();
}

}  // namespace coppice::scheduling
