#include <chrono>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include <coppice/scheduling/asymmetric_barrier.hpp>

#if defined(__linux__) && defined(SYS_membarrier) && __has_include(<linux/membarrier.h>)
#include <linux/membarrier.h>
#endif

namespace coppice::scheduling {

namespace {

#if defined(__linux__) && defined(SYS_membarrier) && __has_include(<linux/membarrier.h>)
bool call(int command) noexcept {
  return syscall(SYS_membarrier, command, 0, 0) == 0;
}
// When the library is loaded: later, with many threads, it takes the system some milliseconds.
const bool is_prepared = call(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
#else
constexpr bool is_prepared = false;
#endif

}  // namespace

bool has_asymmetric_barrier() noexcept {
  return is_prepared;
}

bool asymmetric_barrier() noexcept {
#if defined(__linux__) && defined(SYS_membarrier) && __has_include(<linux/membarrier.h>)
  if (call(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return true;
#endif
  std::this_thread::sleep_for(std::chrono::milliseconds{10});
  return false;
}

}  // namespace coppice::scheduling
