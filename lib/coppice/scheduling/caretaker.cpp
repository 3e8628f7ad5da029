#include <utility>

#include <malloc.h>

#include <coppice/scheduling/caretaker.hpp>
#include <coppice/scheduling/object_pool.hpp>
#include <coppice/scheduling/stack_pool.hpp>

namespace coppice::scheduling {

namespace {

// So few that the thread which ends them is back soon.
constexpr std::size_t batch = 256;

// Carriers are worth a look at the allocator, from which they came, when there were many.
constexpr std::size_t many_carriers = 4096;

// After a mass death, that is when threads are awaited which a busy machine has held up in the middle of it.
constexpr std::chrono::seconds soon{2};

void trim_allocator() noexcept {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace

carrier_list caretaker::work(time_point now) {
  if (now < due()) return {};
  const std::unique_lock hold{working_, std::try_to_lock};
  if (!hold) return {};
  // One batch after the other: they end when there is a turn for them.
  if (ending() != 0) return {};
  if (ended_.exchange(0, std::memory_order_relaxed) != 0) stacks_.trim();
  carrier_list unneeded = carriers_.take_unneeded(batch);
  if (unneeded.size() != 0) {
    all_ended_ += unneeded.size();
    return unneeded;
  }
  carriers_.begin_interval();
  due_ns_.store((now + interval).time_since_epoch().count(), std::memory_order_relaxed);
  go_on_trimming(now);
  return {};
}

// One step in an interval, so that all threads have the time of one to hand out their blocks.
void caretaker::go_on_trimming(time_point now) {
  if (many_ended_.exchange(false, std::memory_order_relaxed) || all_ended_ >= many_carriers) {
    all_ended_ = 0;
    stage_.store(stage::many_end, std::memory_order_relaxed);
    return;
  }
  switch (stage_.load(std::memory_order_relaxed)) {
    case stage::nothing: break;
    case stage::many_end:
      stage_.store(stage::blocks_are_handed_out, std::memory_order_relaxed);
      soon_until_ns_.store((now + soon).time_since_epoch().count(), std::memory_order_relaxed);
      mass_deaths_.fetch_add(1, std::memory_order_relaxed);
      break;
    case stage::blocks_are_handed_out:
      // Before it begins, so that it is done again for who hands out blocks meanwhile.
      stage_.store(stage::nothing, std::memory_order_seq_cst);
      if (hook_) hook_();
      detail::trim_all_blocks();
      trim_allocator();
      break;
  }
}

void caretaker::blocks_handed_out() noexcept {
  auto over = stage::nothing;
  stage_.compare_exchange_strong(over, stage::blocks_are_handed_out, std::memory_order_seq_cst);
}

}  // namespace coppice::scheduling
