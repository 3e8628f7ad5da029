#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/chaos/dice.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/tree/virtual_cost.hpp>

namespace coppice {

/// What is done to processes in their own steps: the virtual time that those take, and harm that has been ordered.
///
/// Give it to the runtime (`runtime_options::faults`). Threads: safe to share.
class chaos_injector final : public fault_injector {
 public:
  using duration = std::chrono::nanoseconds;

  /// One step of one process, as it is told to a `step_hook`.
  struct step {
    fault_point point;
    std::string_view what;
    std::string_view path;  ///< Empty: no process of the tree.
    pid process;
  };

  explicit chaos_injector(chaos_recorder& recorder, std::uint64_t seed);

  /// The virtual time of each step of the processes at a path. Before the run.
  void cost_of(std::string path, const virtual_cost& cost);

  /// Called at each step, before anything else is done there; may do what an injector may. Before the run.
  void at_each_step(std::function<void(const step&)> hook);

  /// The next starts of that path fail, so many.
  void fail_starts(std::string_view path, std::uint64_t count);
  /// It throws std::runtime_error: a server as a handler, after what is in its queue; a function where it waits.
  void make_throw(pid victim, std::string text);
  /// It waits there, for that long; unset: until `calm`.
  void make_hang(pid victim, std::optional<duration> time);
  void slow_down(pid victim, duration by, duration lasting);
  void delay_messages(pid victim, duration by, duration lasting);
  void fail_allocation(pid victim, std::uint64_t nth);

  /// All harm that was ordered is over; what hangs goes on.
  void calm();

  /// Whether a process is kept in one of its steps, by what that costs or by harm.
  bool is_anybody_in_a_step();

  /// The process is gone.
  void forget(pid process);

  void at(fault_point point, std::string_view what) override;
  duration delay(pid to) noexcept override;
  bool fails_allocation() noexcept override;

 private:
  class in_step;
  struct while_lasts {
    duration by{0};
    duration until{0};
  };
  struct patient {
    std::string path;
    bool path_known = false;
    bool in_step = false;
    while_lasts slow;
    while_lasts delayed;
    std::uint64_t allocations_left = 0;  // the one that reaches 0 fails
  };

  duration time_of(fault_point point, const patient& whom);
  void hang(std::optional<duration> time);

  chaos_recorder& recorder_;
  std::map<std::string, virtual_cost, std::less<>> costs_;
  std::function<void(const step&)> hook_;
  std::mutex lock_;  // never held while the recorder is asked
  dice dice_;
  std::unordered_map<pid, patient> patients_;
  std::map<std::string, std::uint64_t, std::less<>> failing_starts_;
  std::set<pid> hanging_;  // in an order that each run has
  bool has_delays_ = false;
  std::atomic<std::uint64_t> calms_{0};  // an order that is older than the last one is off
};

}  // namespace coppice
