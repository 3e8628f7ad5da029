#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace coppice::scheduling {

/// What a timer does when it expires: a callable without result, moved in and called once. It may take the owner that
/// the timer was started with, which then need not lie in it a second time.
///
/// Callables of up to 24 bytes, aligned to at most 8, that move without throwing lie inside; others are allocated.
///
/// Threads: like any value; the call runs on whichever thread fires the queue.
class alignas(8) timer_action {
 public:
  static constexpr std::size_t inline_size = 24;

  template <typename Function>
  static constexpr bool fits_inline = sizeof(Function) <= inline_size &&
                                      alignof(Function) <= 8 && std::is_nothrow_move_constructible_v<Function>;

  timer_action() noexcept = default;

  template <typename Function>
    requires(!std::same_as<std::remove_cvref_t<Function>, timer_action> &&
             (std::invocable<std::remove_cvref_t<Function>&> ||
              std::invocable<std::remove_cvref_t<Function>&, std::uint64_t>))
  timer_action(Function&& function) {  // NOLINT(google-explicit-constructor): a lambda is an action
    using stored = std::remove_cvref_t<Function>;
    if constexpr (fits_inline<stored>) {
      ::new (static_cast<void*>(storage_)) stored(std::forward<Function>(function));
      operations_ = &inline_operations<stored>;
    } else {
      stored* const moved = new stored(std::forward<Function>(function));
      std::memcpy(storage_, &moved, sizeof(void*));
      operations_ = &heap_operations<stored>;
    }
  }

  timer_action(timer_action&& other) noexcept { take(other); }
  timer_action& operator=(timer_action&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~timer_action() { reset(); }

  /// Runs the callable. There has to be one.
  void operator()(std::uint64_t owner = 0) { operations_->invoke(storage_, owner); }

  /// Destroys the callable, if there is one.
  void reset() noexcept {
    if (operations_ == nullptr) return;
    if (operations_->destroy != nullptr) operations_->destroy(storage_);
    operations_ = nullptr;
  }

  explicit operator bool() const noexcept { return operations_ != nullptr; }

  /// Whether destroying it runs no code.
  bool is_trivial() const noexcept { return operations_ == nullptr || operations_->destroy == nullptr; }

 private:
  struct operations {
    void (*invoke)(void* storage, std::uint64_t owner);
    void (*relocate)(void* from, void* to) noexcept;  // null: copying the bytes does
    void (*destroy)(void* storage) noexcept;          // null: there is nothing to do
  };

  template <typename Function>
  static void call(Function& function, [[maybe_unused]] std::uint64_t owner) {
    if constexpr (std::invocable<Function&, std::uint64_t>) {
      static_cast<void>(function(owner));
    } else {
      static_cast<void>(function());
    }
  }

  template <typename Function>
  static constexpr operations inline_operations{
      [](void* storage, std::uint64_t owner) { call(*static_cast<Function*>(storage), owner); },
      std::is_trivially_copyable_v<Function> ? nullptr
                                             : +[](void* from, void* to) noexcept {
                                                 Function* const source = static_cast<Function*>(from);
                                                 ::new (to) Function(std::move(*source));
                                                 source->~Function();
                                               },
      std::is_trivially_destructible_v<Function>
          ? nullptr
          : +[](void* storage) noexcept { static_cast<Function*>(storage)->~Function(); }};

  template <typename Function>
  static Function* on_heap(void* storage) noexcept {
    Function* function;
    std::memcpy(&function, storage, sizeof(void*));
    return function;
  }

  template <typename Function>
  static constexpr operations heap_operations{
      [](void* storage, std::uint64_t owner) { call(*on_heap<Function>(storage), owner); }, nullptr,
      [](void* storage) noexcept { delete on_heap<Function>(storage); }};

  void take(timer_action& other) noexcept {
    operations_ = std::exchange(other.operations_, nullptr);
    if (operations_ == nullptr) return;
    if (operations_->relocate != nullptr) {
      operations_->relocate(other.storage_, storage_);
    } else {
      std::memcpy(storage_, other.storage_, inline_size);
    }
  }

  std::byte storage_[inline_size] = {};
  operations const* operations_ = nullptr;
};

}  // namespace coppice::scheduling
