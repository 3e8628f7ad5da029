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
  const bool go_on_ending = many_ended_.exchange(false, std::memory_order_relaxed);
  if (go_on_ending) mass_deaths_.fetch_add(1, std::memory_order_relaxed);
  const bool have_ended = trims_next_.exchange(go_on_ending, std::memory_order_relaxed) && !go_on_ending;
  if (have_ended || all_ended_ >= many_carriers) {
    all_ended_ = 0;
    if (hook_) hook_();
    detail::trim_all_blocks();
    trim_allocator();
  }
  return {};
}

}  // namespace coppice::scheduling
