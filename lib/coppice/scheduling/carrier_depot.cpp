#include <mutex>
#include <utility>

#include <coppice/scheduling/carrier_depot.hpp>
#include <coppice/scheduling/scheduler.hpp>

namespace coppice::scheduling {

void carrier_list::push(carrier& added) noexcept {
  added.next = std::exchange(first_, &added);
  ++size_;
}

carrier* carrier_list::pop() noexcept {
  carrier* const taken = first_;
  if (taken == nullptr) return nullptr;
  first_ = std::exchange(taken->next, nullptr);
  --size_;
  return taken;
}

void carrier_depot::put(carrier& resting) noexcept {
  const std::lock_guard hold{lock_};
  lists_[resting.stack_class].push(resting);
  size_.store(size() + 1, std::memory_order_relaxed);
}

carrier* carrier_depot::take(unsigned stack_class) noexcept {
  if (size() == 0) return nullptr;
  const std::lock_guard hold{lock_};
  carrier* const taken = lists_[stack_class].pop();
  if (taken != nullptr) size_.store(size() - 1, std::memory_order_relaxed);
  return taken;
}

}  // namespace coppice::scheduling
