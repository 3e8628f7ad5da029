#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/chaos/tree_view.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// How the rules are checked.
struct invariant_options {
  /// What the tree is built from. It counts more than what supervisors say of themselves, and gives the names. Null:
  /// their word is taken, and no names are known. It is copied.
  const supervisor_spec* tree = nullptr;

  /// For expectations in JSON, of workers that `tree` names. Must outlive the checker.
  const worker_registry* workers = nullptr;
  /// The same for other workers, such as those that `start_child` adds: asked first. May be empty.
  std::function<const worker*(std::string_view path, pid process)> worker_at{};

  /// Time stands still while anything is done, so that what is told is told at its time, and a quiet tree stands still.
  bool virtual_time = true;

  /// How long a signal to a process of the tree may be under way: 0 unless somebody delays them. In real time it is not
  /// known, and taken to be for ever.
  std::chrono::nanoseconds longest_delay{0};

  /// How many processes are monitored at a time.
  std::size_t most_monitors = 10'000;

  /// How many violations of each invariant are kept; the rest is counted.
  std::size_t most_violations = 20;

  /// `count_live_objects`. Empty: they are not compared.
  std::function<live_objects()> count{};
};

/// Checks that a supervision tree keeps its rules, whatever is done to it (docs/reference/invariants.md): as it goes,
/// when it is quiet, and when it is gone.
///
/// It is told what happens by the functions of `supervision_observer` and `process_observer`, by whoever implements
/// these, with the runtime's time. What one supervisor tells has to come in its order, and the end of a process before
/// anybody reacts to it: as it does if each is passed on at once. It costs a few look-ups for each, and no allocation
/// of the library's.
///
/// One checker, one tree, once: `begin`, the tree's life with any number of `check_quiet`, `check_gone`.
///
/// Threads: safe to share, but for `begin` and the checks: those from one process, which drives the tree.
class invariant_checker {
 public:
  using time = std::chrono::nanoseconds;

  explicit invariant_checker(const invariant_options& options = {});
  invariant_checker(const invariant_checker&) = delete;
  invariant_checker& operator=(const invariant_checker&) = delete;
  ~invariant_checker();

  /// A rule of the user's own, checked when the tree is quiet.
  void add(std::string name, user_invariant rule);
  /// An expectation of a plan, checked when the tree is quiet.
  void add(chaos_expectation expected);

  /// Before the tree starts, in the process that drives it: notes who is there, counts live objects, and starts a
  /// process that monitors.
  void begin();

  // What happens

  void root_started(std::string_view path, pid root, time now);
  void supervisor_starting(std::string_view path, const supervisor_flags& flags, std::span<const child_spec> children,
                           pid supervisor, time now);
  void child_added(std::string_view path, const child_spec& spec, pid supervisor, time now);
  void child_starting(std::string_view path, child_type type, pid supervisor, time now);
  void child_started(std::string_view path, child_type type, pid child, pid supervisor, time now);
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor, time now);
  void child_terminating(std::string_view path, pid supervisor, time now);
  void child_ending(std::string_view path, pid child, pid supervisor, time now);
  void child_deleted(std::string_view path, pid supervisor, time now);
  void restarting(std::string_view path, pid supervisor, time now);
  void restart_limit_reached(std::string_view path, pid supervisor, time now);
  void supervisor_stopping(std::string_view path, pid supervisor, time now);
  void process_ended(pid ended, pid parent, const exit_reason& reason, time now);

  /// The child that `start_child` is about to add at that path is registered under that name; empty: under none.
  void announce_name(std::string_view path, std::string name);

  // Calls that somebody makes and counts. One at a time for all three, or none.

  void call_begun();
  void call_answered();
  void call_failed();

  // Checks. They block the process. `harness` are the processes that drive the tree, beside the calling one and those
  // that were there at `begin`.

  /// The tree is quiet: nobody can run, and all servers are at rest (`await_quiescence`). In virtual time, what was
  /// delayed and is still under way is waited for; nothing is checked if then it does not come to rest any more.
  void check_quiet(std::span<const pid> harness, time now);

  /// What workers answer is what is expected, beside what was added: for a tree that is quiet and has been checked.
  void check_answers(std::span<const chaos_expectation> expected, time now);

  /// The tree has been shut down, and its root has ended. The calling process has taken what the root sent it.
  void check_gone(std::span<const pid> harness, time now);

  // Results

  /// The first ones of each invariant, in the order in which they were found.
  std::vector<chaos_violation> violations() const;
  /// All of them.
  std::uint64_t count() const;
  /// The names of the invariants that were broken, sorted.
  std::vector<std::string> broken() const;

  /// The names of all invariants, but for the user's own.
  static std::vector<std::string> names();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace coppice
