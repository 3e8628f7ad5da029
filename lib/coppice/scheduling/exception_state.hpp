#pragma once

namespace coppice::scheduling {

/// What the C++ runtime keeps for each thread of the exceptions being thrown and handled. Fibers share a thread, so
/// each must have its own: Boost.Context does not save it, and two fibers that are suspended inside a `catch` would
/// rethrow each other's exceptions.
struct exception_state {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  /// Keeps the thread's present state in `*this` and gives it `next`'s. Call right before a switch, on the old stack.
  /// Never inlined: the compiler may keep the address of a thread's state, and a fiber may wake up on another thread.
  [[gnu::noinline]] void exchange_for(const exception_state& next) noexcept;
};

}  // namespace coppice::scheduling
