#include <coppice/scheduling/asymmetric_barrier.hpp>
#include <coppice/scheduling/owner_spinlock.hpp>

namespace coppice::scheduling {

void owner_spinlock::give_owner() noexcept {
  has_owner_ = has_asymmetric_barrier();
  if (has_owner_) gate_.open();
}

bool owner_spinlock::try_lock() noexcept {
  if (!lock_.try_lock()) return false;
  // Where it took its time it would do so again, so from now on there is no owner.
  if (has_owner_) has_owner_ = gate_.shut();
  return true;
}

void owner_spinlock::unlock() noexcept {
  if (has_owner_) gate_.open();
  lock_.unlock();
}

}  // namespace coppice::scheduling
