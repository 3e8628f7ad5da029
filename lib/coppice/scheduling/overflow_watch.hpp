#pragma once

#include <cstddef>
#include <memory>

#include <signal.h>

#include <coppice/scheduling/runnable.hpp>

namespace coppice::scheduling {

/// Told of a stack that was too small, in a signal handler: what it does must be async-signal-safe. `who` had its turn
/// on it; null: nobody had.
using overflow_reporter = void (*)(const runnable* who, std::size_t stack_bytes) noexcept;

/// While one lives, a `SIGSEGV` in the guard page of a stack on a scheduler thread is reported. In any case the signal
/// then takes the way it would have taken: to the handler that was there before, or to the end of the program.
///
/// Threads: any.
class overflow_watch {
 public:
  explicit overflow_watch(overflow_reporter report);
  overflow_watch(const overflow_watch&) = delete;
  overflow_watch& operator=(const overflow_watch&) = delete;
  ~overflow_watch();
};

/// Where a signal handler of the calling thread runs while one lives, since the stack that it was on may be full. One
/// that the thread has already is left in place.
class handler_stack {
 public:
  handler_stack();
  handler_stack(const handler_stack&) = delete;
  handler_stack& operator=(const handler_stack&) = delete;
  ~handler_stack();

 private:
  std::unique_ptr<std::byte[]> room_;
};

}  // namespace coppice::scheduling
