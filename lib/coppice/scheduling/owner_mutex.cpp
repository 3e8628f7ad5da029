#include <thread>

#include <coppice/scheduling/asymmetric_barrier.hpp>
#include <coppice/scheduling/owner_mutex.hpp>

namespace coppice::scheduling {

void owner_mutex::give_owner() noexcept {
  if (has_asymmetric_barrier()) is_shared_.store(false, std::memory_order_relaxed);
}

void owner_mutex::lock() {
  mutex_.lock();
  if (!is_shared_.load(std::memory_order_relaxed)) take_from_owner();
}

void owner_mutex::take_from_owner() noexcept {
  is_shared_.store(true, std::memory_order_seq_cst);
  asymmetric_barrier();
  while (inside_.load(std::memory_order_acquire)) std::this_thread::yield();
}

}  // namespace coppice::scheduling
