#include <algorithm>
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

carrier* carrier_depot::take_from(unsigned stack_class) noexcept {
  carrier* const taken = lists_[stack_class].pop();
  if (taken == nullptr) return nullptr;
  unneeded_[stack_class] = std::min(unneeded_[stack_class], lists_[stack_class].size());
  size_.store(size() - 1, std::memory_order_relaxed);
  return taken;
}

carrier* carrier_depot::take(unsigned stack_class) noexcept {
  if (size() == 0) return nullptr;
  const std::lock_guard hold{lock_};
  return take_from(stack_class);
}

void carrier_depot::begin_interval() noexcept {
  const std::lock_guard hold{lock_};
  for (unsigned i = 0; i < stack_classes; ++i) unneeded_[i] = lists_[i].size();
}

carrier_list carrier_depot::take_unneeded(std::size_t most) noexcept {
  carrier_list taken;
  const std::lock_guard hold{lock_};
  for (unsigned i = 0; i < stack_classes; ++i) {
    for (; unneeded_[i] != 0 && taken.size() != most; --unneeded_[i]) taken.push(*lists_[i].pop());
  }
  size_.store(size() - taken.size(), std::memory_order_relaxed);
  return taken;
}

}  // namespace coppice::scheduling
