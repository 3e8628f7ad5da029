#pragma once

// Random trees whose doings are passed on to a checker of invariants.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/supervision_observer.hpp>

namespace coppice::testing {

/// What the random trees of many runs have been through: so that a test can say that they have seen everything.
struct experiences {
  std::uint64_t started = 0;
  std::uint64_t ended = 0;
  std::uint64_t restarted = 0;
  std::uint64_t gave_up = 0;
  std::uint64_t failed_starts = 0;
  std::uint64_t added = 0;
  std::uint64_t deleted = 0;
  std::uint64_t told_to_end = 0;
  std::uint64_t quiet_checks = 0;
  std::uint64_t stuck = 0;  // runs in which the tree did not come to rest
};

/// Runs a random tree in a simulation with that seed: cuts of all kinds, starts that fail, hang and are ignored,
/// children that come and go, calls, timers, names, shutdown; and checks it again and again. Returns the violations, as
/// lines.
std::vector<std::string> run_random_tree(std::uint64_t seed, experiences& been_through,
                                         std::vector<std::string>* broken = nullptr);

}  // namespace coppice::testing
