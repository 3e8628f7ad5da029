#pragma once

namespace coppice::scheduling {

/// What the C++ runtime keeps for each thread of the exceptions being thrown and handled. Fibers share a thread, so
/// each must have its own: Boost.Context does not save it, and two fibers that are suspended inside a `catch` would
/// rethrow each other's exceptions.
struct exception_state {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

/// Where the C++ runtime keeps that of the thread that made this object.
class thread_exceptions {
 public:
  thread_exceptions() noexcept;

  /// Keeps the thread's present state in `leaving` and gives it `next`'s. On that thread, right before a switch.
  void exchange(exception_state& leaving, const exception_state& next) const noexcept {
    leaving = *now_;
    *now_ = next;
  }

  exception_state& now() const noexcept { return *now_; }

 private:
  exception_state* now_;
};

}  // namespace coppice::scheduling
