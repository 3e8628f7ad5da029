#pragma once

// Private to lib/coppice.

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>

#include <coppice/process/envelope.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process_table.hpp>
#include <coppice/scheduling/runtime.hpp>

namespace coppice::detail {

/// What is under way to processes for which the fault injector asks for a delay.
///
/// One line for each receiver, first in, first out: whatever the delays, nothing overtakes what was sent to that
/// process before it. What arrives when nobody is there any more is turned away as if it had been sent then.
///
/// Threads: safe. Nobody who has a line's lock waits for anything but short locks of the engine.
class delay_lines {
 public:
  explicit delay_lines(scheduling::runtime& engine) noexcept : engine_{engine} {}
  delay_lines(const delay_lines&) = delete;
  delay_lines& operator=(const delay_lines&) = delete;

  /// Delivers, now or later; false (and the envelope is still the caller's) when there is no such process now.
  bool dispatch(envelope* sent, fault_injector& asked) noexcept;

  /// Lets all that is under way arrive at once. From then on nothing is delayed, until `begin`.
  void release() noexcept;
  void begin() noexcept { released_.store(false, std::memory_order_relaxed); }

  /// Whether something is under way to that process.
  bool is_under_way_to(pid to);

  /// How many receivers something is under way to. Each has one pending timer.
  std::size_t count();

 private:
  struct arrival {
    scheduling::time_point due;
    envelope* sent;
  };
  struct line {
    std::deque<arrival> under_way;  // never empty; no one is due before the one before it
    scheduling::timer next;
  };
  // Of some of all processes.
  struct shard {
    std::mutex lock;
    std::map<pid, line> lines;          // in the order of pids, in which `release` lets them arrive
    std::atomic<std::size_t> count{0};  // of lines, also read without the lock
  };

  static constexpr std::size_t shard_count = 64;

  shard& shard_of(pid to) noexcept { return shards_[slot_of(to) % shard_count]; }
  void start_timer(pid to, line& of);
  void arrive(pid to);

  scheduling::runtime& engine_;
  std::array<shard, shard_count> shards_;
  std::atomic<bool> released_{false};
};

bool dispatch_with_delay(envelope* sent) noexcept;

/// Delivers, or lets it be under way as long as the fault injector says; false (and the envelope is still the caller's)
/// when there is no such process.
inline bool dispatch(envelope* sent) noexcept {
  if (faults_are_injected.load(std::memory_order_relaxed)) [[unlikely]] {
    return dispatch_with_delay(sent);
  }
  return process_table::push(sent);
}

}  // namespace coppice::detail
