#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <coppice/chaos/chaos_progress.hpp>
#include <coppice/chaos/chaos_record.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

class tree_journal;
class chaos_injector;
class chaos_recorder;

/// Does what a plan says to a tree of the program that it is in, for real or in a simulation, and writes down what
/// comes of it. Nothing happens unless a program makes one, gives it to its runtime and its tree, and calls `run`.
///
///     chaos_session chaos{plan, 7};
///     runtime_options options;
///     chaos.attach(options);
///     coppice::run([&] {
///       process_flag(trap_exit, true);
///       chaos.begin("shop");
///       const start_result root = start_supervisor({.flags = flags, .children = children, .path = "shop",
///                                                   .observer = chaos.observer()});
///       chaos.root_started(root.process());
///       chaos.run();     // as long as the plan lasts
///       chaos.settle();  // until what was cut has grown back
///       chaos.end();
///     }, options);
///     const chaos_record& record = chaos.record();
///
/// Threads: what it says of processes is for the process that is the root's parent; `stop` for any.
class chaos_session {
 public:
  /// For so long `settle` waits in real time.
  static constexpr std::chrono::seconds patience{30};

  chaos_session(chaos_plan plan, std::uint64_t seed);
  chaos_session(const chaos_session&) = delete;
  chaos_session& operator=(const chaos_session&) = delete;
  ~chaos_session();

  /// The tree is made from a file: its names and the costs of its steps are known, and it can be given work (`load`).
  /// Both must outlive the session. Costs count in virtual time only.
  void knows(const supervisor_spec& root, const worker_registry& workers);

  /// Who is told of all that is observed, before it is written down; may be null. Before `attach`.
  void tells(process_observer* processes, supervision_observer* supervision);

  /// What the runtime needs; sets `observer` and `faults`. Throws std::invalid_argument if they are set.
  void attach(runtime_options& options);

  /// For the root's supervisor (`supervisor_init::observer`, `tree_surroundings::observer`); those below inherit it.
  std::shared_ptr<supervision_observer> observer();

  /// Before the tree is started, in the process that starts it, with the id of the root.
  void begin(const std::string& root);
  void root_started(pid root);
  void root_start_failed(const exit_reason& reason);

  /// Does what the plan says, phase by phase; returns when it is over, the root has ended, or `stop` was called. Blocks
  /// the process. `progress` is called there, after each act of harm.
  void run(const std::function<void(const chaos_progress&)>& progress = {});

  /// All harm is over, and what hangs goes on; waits until nothing is in the middle of anything. False: that never
  /// comes. In real time it waits for `patience` at most.
  bool settle();

  /// Waits until what was sent before and delayed by harm has arrived.
  void await_arrivals();

  /// The tree is about to be shut down: what ends from now on is no loss.
  void end();

  /// Ends `run` before its time. Any thread.
  void stop() noexcept;

  /// Whether the root has ended before `end`.
  bool is_root_gone() const;

  const tree_journal& journal() const noexcept;
  chaos_injector& injector() noexcept;
  /// Valid once nothing happens any more.
  const chaos_record& record() const noexcept;

 private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace coppice
