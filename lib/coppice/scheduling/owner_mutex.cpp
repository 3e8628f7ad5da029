#include <coppice/scheduling/asymmetric_barrier.hpp>
#include <coppice/scheduling/owner_mutex.hpp>

namespace coppice::scheduling {

void owner_mutex::give_owner() noexcept {
  if (has_asymmetric_barrier()) gate_.open();
}

void owner_mutex::lock() {
  mutex_.lock();
  if (gate_.is_open()) gate_.shut();
}

}  // namespace coppice::scheduling
