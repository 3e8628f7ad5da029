#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/tree/tree_warning.hpp>

namespace coppice {

struct chaos_plan;
struct supervisor_spec;

/// How many restarts one failing child can cause until the root gives up.
///
/// Meant is a child that fails again and again, so fast that all of it falls into the windows of `max_seconds`. A
/// supervisor with the budget m restarts it m times and gives up at failure m + 1. Giving up, it exits with `shutdown`;
/// if it is permanent, the supervisor above restarts it, with an empty count, and that counts there. So the budgets on
/// the way multiply: with m0 at the root, then m1 to mn, the root gives up after
/// (m0 + 1) x (m1 + 1) x ... x (mn + 1) - 1 restarts, those of supervisors and of the child itself together. Each
/// restart of a group, and each attempt of a start that fails, counts once.
///
/// The way ends early at a transient or temporary supervisor: when it has given up it stays down, and the root lives
/// on; unless it is significant and its supervisor shuts itself down with it.
///
/// Restarts that are further apart than `max_seconds` never exhaust a budget: their number has no bound.
struct restart_promise {
  std::uint64_t restarts = 0;  ///< The largest number over all children; the largest there is where it does not fit.
  std::string path;            ///< The child that causes them; the first in the file where several do.
  std::string formula;         ///< `(2 + 1) x (3 + 1) - 1`; empty where the budgets do not simply multiply.
};

/// How long an orderly shutdown of the tree takes at most: children end one after the other, each within its
/// `shutdown`.
///
/// `brutal_kill` takes no time. A supervisor with `infinity` takes what its children take, one with a limit at most
/// that.
struct shutdown_promise {
  std::optional<std::chrono::milliseconds> longest;  ///< Unset: there is no limit.
  std::vector<std::string> endless;                  ///< Paths of the workers that have no limit.
};

/// What a tree promises, by calculation alone; nothing is started.
struct tree_promise {
  std::uint64_t supervisors = 0;                       ///< The root included.
  std::map<std::string, std::uint64_t> workers;        ///< How many processes of each `start`.
  std::optional<restart_promise> until_root_gives_up;  ///< Unset: no child can make the root give up.
  shutdown_promise shutdown;
  std::string chaos;                   ///< What a chaos run does, in a few words; empty without a plan.
  std::vector<tree_warning> warnings;  ///< In the order of the file.

  std::uint64_t processes() const;
};

tree_promise promise_of(supervisor_spec const& root);

/// The same of a tree and its plan.
tree_promise promise_of(supervisor_spec const& root, chaos_plan const& plan);

/// The promise as `coppice check` prints it: a few lines, then the warnings, one a line, the first `limit` of them.
std::string promise_text(tree_promise const& promise, std::string_view file, std::size_t limit = 100);

}  // namespace coppice
