#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/chaos/checker_feed.hpp>
#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/chaos/tree_view.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// A rule of the user's own, and what reports call it.
struct named_invariant {
  std::string name;
  user_invariant rule;
};

/// A tree of which every rule is checked, from its start to its end, by whoever drives it: the one that calls what
/// stands under "the course of things" here, in the process that is the root's parent.
class watched_tree {
 public:
  struct options {
    /// Of a tree from a file; must outlive it. Null: a tree in C++, whose root has the path `root`.
    const supervisor_spec* tree = nullptr;
    std::string root = "root";                 ///< Of a tree in C++.
    const worker_registry* workers = nullptr;  ///< The same.
    std::vector<chaos_expectation> expected{};
    std::vector<named_invariant> invariants{};
    bool virtual_time = true;
    /// How long a message may be under way.
    std::chrono::nanoseconds longest_delay{0};
  };

  explicit watched_tree(const options& how);

  /// Whom the runtime and the supervisors are to tell.
  process_observer& processes() noexcept { return told_; }
  supervision_observer& supervision() noexcept { return told_; }

  // The course of things

  void before_start();
  void root_started(pid root);
  /// Nobody is in the middle of anything.
  void at_rest();
  /// The same tree, of which something is expected now that is not all the time.
  void answers(std::span<const chaos_expectation> expected);
  /// It was waited for that, in vain; `who` is who is busy.
  void does_not_rest(const tree_journal& who);
  /// The tree has been shut down.
  void after_end();

  std::vector<chaos_violation> violations() const;

 private:
  std::string root_;
  bool is_virtual_;
  invariant_checker checker_;
  checker_feed told_{checker_};
  std::vector<chaos_violation> own_;
};

/// What can be broken, by its stable names; the user's own come last.
std::vector<std::string> invariant_names(const chaos_plan& plan, const std::vector<named_invariant>& own = {});

}  // namespace coppice
