#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <coppice/chaos/chaos_progress.hpp>
#include <coppice/chaos/chaos_record.hpp>
#include <coppice/chaos/watched_tree.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// How a plan is carried out.
struct chaos_run_options {
  std::uint64_t seed = 0;
  /// Not in a simulation, but as a program runs.
  bool real_time = false;
  /// In real time: scheduler threads; unset: one for each processor.
  std::optional<unsigned> threads{};
  /// What must be true beside the library's own invariants and the plan's expectations.
  std::vector<named_invariant> invariants{};
  /// Called now and then by a process of the run; must not wait. May be empty.
  std::function<void(const chaos_progress&)> progress{};
};

/// What came of it.
struct chaos_outcome {
  chaos_record record;
  std::vector<chaos_violation> broken_invariants;
};

/// Starts a tree, does what a plan says to it, lets it grow back, shuts it down, and checks the invariants.
///
///     chaos_run storm{root, workers, plan, {.seed = 7}};
///     const chaos_outcome outcome = storm.run();
///
/// The arguments are copied, but for the workers, which must outlive it.
class chaos_run {
 public:
  chaos_run(const supervisor_spec& root, const worker_registry& workers, const chaos_plan& plan,
            chaos_run_options options);
  chaos_run(const chaos_run&) = delete;
  chaos_run& operator=(const chaos_run&) = delete;
  ~chaos_run();

  /// Once. Blocks the thread. No runtime may be running.
  chaos_outcome run();

  /// Ends the harm now; the tree is let grow back, and shut down. Any thread.
  void stop() noexcept;

  /// What is waited for when the plan is over or stopped, with those who keep it waiting: `the tree to come to rest:
  /// root/a is busy`, `the tree to end: root and root/a live`. Empty before and afterwards. Any thread.
  std::string waits_for() const;

 private:
  class state;
  std::unique_ptr<state> state_;
};

}  // namespace coppice
