#include <limits>

#include <coppice/scheduling/clock.hpp>

namespace coppice::scheduling {

clock::~clock() = default;

time_point real_clock::now() const noexcept {
  return std::chrono::steady_clock::now();
}

time_point virtual_clock::now() const noexcept {
  return time_point(std::chrono::nanoseconds(now_ns_.load(std::memory_order_acquire)));
}

void virtual_clock::advance_to(time_point instant) noexcept {
  std::int64_t const wanted = instant.time_since_epoch().count();
  std::int64_t seen = now_ns_.load(std::memory_order_relaxed);
  // Another thread may move the clock as well; the later instant wins.
  while (seen < wanted && !now_ns_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel)) {
  }
}

void virtual_clock::advance(std::chrono::nanoseconds by) noexcept {
  constexpr std::int64_t last = std::numeric_limits<std::int64_t>::max();
  std::int64_t const step = by.count();
  if (step <= 0) return;
  std::int64_t seen = now_ns_.load(std::memory_order_relaxed);
  std::int64_t wanted;
  do {
    wanted = seen > last - step ? last : seen + step;
  } while (!now_ns_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel));
}

}  // namespace coppice::scheduling
