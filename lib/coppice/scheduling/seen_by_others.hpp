#pragma once

#include <atomic>

namespace coppice::scheduling {

/// A value that one thread changes, as if it were its own, and that others may look at: they see some recent value, and
/// nothing in any order with it. Costs its owner nothing.
template <class T>
class seen_by_others {
 public:
  constexpr seen_by_others() noexcept = default;
  constexpr seen_by_others(T value) noexcept : value_{value} {}  // NOLINT(google-explicit-constructor): it is a T
  seen_by_others(const seen_by_others&) = delete;
  seen_by_others& operator=(const seen_by_others&) = delete;
  seen_by_others& operator=(T value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }

  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }  // NOLINT(google-explicit-constructor)

  T operator++() noexcept {
    const T next = *this + 1;
    *this = next;
    return next;
  }

 private:
  std::atomic<T> value_{};
};

}  // namespace coppice::scheduling
