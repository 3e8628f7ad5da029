#include <thread>

#include <coppice/scheduling/asymmetric_barrier.hpp>
#include <coppice/scheduling/owner_gate.hpp>

namespace coppice::scheduling {

bool owner_gate::shut() noexcept {
  is_shut_.store(true, std::memory_order_seq_cst);
  const bool was_quick = asymmetric_barrier();
  while (inside_.load(std::memory_order_acquire)) std::this_thread::yield();
  return was_quick;
}

}  // namespace coppice::scheduling
