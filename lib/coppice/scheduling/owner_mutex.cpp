#include <chrono>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include <coppice/scheduling/owner_mutex.hpp>

#if defined(__linux__) && defined(SYS_membarrier) && __has_include(<linux/membarrier.h>)
#include <linux/membarrier.h>
#endif

namespace coppice::scheduling {

namespace {

#if defined(__linux__) && defined(SYS_membarrier) && __has_include(<linux/membarrier.h>)
bool prepare_barriers() noexcept {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}
// All threads of the program have executed a full barrier.
bool barrier_everywhere() noexcept {
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
}
#else
bool prepare_barriers() noexcept {
  return false;
}
bool barrier_everywhere() noexcept {
  return false;
}
#endif

// When the library is loaded: later, with many threads, it takes the system some milliseconds.
const bool can_have_owner = prepare_barriers();

}  // namespace

void owner_mutex::give_owner() noexcept {
  if (can_have_owner) is_shared_.store(false, std::memory_order_relaxed);
}

void owner_mutex::lock() {
  mutex_.lock();
  if (!is_shared_.load(std::memory_order_relaxed)) take_from_owner();
}

void owner_mutex::take_from_owner() noexcept {
  is_shared_.store(true, std::memory_order_seq_cst);
  // A program may forbid itself the call later on. No store waits a hundredth as long to be seen.
  if (!barrier_everywhere()) std::this_thread::sleep_for(std::chrono::milliseconds{10});
  while (inside_.load(std::memory_order_acquire)) std::this_thread::yield();
}

}  // namespace coppice::scheduling
