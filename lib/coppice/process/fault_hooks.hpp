#pragma once

#include <atomic>
#include <utility>

#include <coppice/process/envelope.hpp>

namespace coppice::detail {

/// Whether the runtime that runs has a fault injector. All that its absence costs where messages are made and sent.
extern std::atomic<bool> faults_are_injected;

/// Asks the injector, if the calling process is one that it may harm. Throws std::bad_alloc if it says so.
void ask_whether_allocation_fails();

/// Comes before all else where a process is about to allocate by an act of its own: then a failure finds nothing half
/// done.
inline void before_allocation() {
  if (faults_are_injected.load(std::memory_order_relaxed)) [[unlikely]] {
    ask_whether_allocation_fails();
  }
}

/// `make_envelope` for what a process sends by an act of its own.
template <class T, class... Arguments>
envelope* write_envelope(pid to, envelope_kind kind, pid from, reference ref, Arguments&&... arguments) {
  before_allocation();
  return make_envelope<T>(to, kind, from, ref, std::forward<Arguments>(arguments)...);
}

}  // namespace coppice::detail
