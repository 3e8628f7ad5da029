#pragma once

#include <atomic>
#include <cstddef>

#include <coppice/scheduling/seen_by_others.hpp>

namespace coppice::scheduling {

class run_queue;
class runnable;
class scheduler;

/// What a thread is for the scheduling: all null on one that is none of a runtime's.
struct thread_state {
  scheduler* here;                           // whose thread this is
  seen_by_others<runnable*> running;         // who has its turn on it
  run_queue* own_queue;                      // if what is woken may come first there
  const std::atomic<std::size_t>* sleeping;  // how many threads of the runtime do
};

/// The state of the calling thread. Not to be kept over a switch, after which a fiber may be on another thread.
///
/// Compilers take the address of a `thread_local` to be the same throughout a function. So it is computed afresh in a
/// way that they cannot merge, or out of line where there is no such way. Any other function of the library that uses a
/// `thread_local` must not be inlined into one that waits: it says `gnu::noinline`, because all files are compiled as
/// one for a release.
#if defined(__x86_64__) && defined(__ELF__)
[[gnu::always_inline]] inline thread_state& this_thread() noexcept {
  thread_state* address;
  asm volatile(
      "movq coppice_thread_state@GOTTPOFF(%%rip), %0\n\t"
      "addq %%fs:0, %0"
      : "=r"(address)
      :
      : "cc", "memory");
  return *address;
}
#else
[[gnu::noinline]] thread_state& this_thread() noexcept;
#endif

}  // namespace coppice::scheduling
