#pragma once

// Trees whose doings are passed on to a checker of invariants.

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

/// Passes everything on, as it happens, with the runtime's time.
class checked_tree final : public process_observer, public supervision_observer {
 public:
  explicit checked_tree(invariant_checker& checker) : checker_{checker} {}

  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override {
    checker_.process_ended(ended, parent, reason, monotonic_time());
  }
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override {
    checker_.child_started(path, type, child, supervisor, monotonic_time());
  }
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override {
    checker_.child_start_failed(path, reason, supervisor, monotonic_time());
  }
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override {
    checker_.restart_limit_reached(path, supervisor, monotonic_time());
  }
  void child_starting(std::string_view path, child_type type, pid supervisor) noexcept override {
    checker_.child_starting(path, type, supervisor, monotonic_time());
  }
  void child_ending(std::string_view path, pid child, pid supervisor) noexcept override {
    checker_.child_ending(path, child, supervisor, monotonic_time());
  }
  void restarting(std::string_view path, pid supervisor) noexcept override {
    checker_.restarting(path, supervisor, monotonic_time());
  }
  void supervisor_starting(std::string_view path, const supervisor_flags& flags, std::span<const child_spec> children,
                           pid supervisor) noexcept override {
    checker_.supervisor_starting(path, flags, children, supervisor, monotonic_time());
  }
  void child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept override {
    checker_.child_added(path, spec, supervisor, monotonic_time());
  }
  void child_terminating(std::string_view path, pid supervisor) noexcept override {
    checker_.child_terminating(path, supervisor, monotonic_time());
  }
  void child_deleted(std::string_view path, pid supervisor) noexcept override {
    checker_.child_deleted(path, supervisor, monotonic_time());
  }
  void supervisor_stopping(std::string_view path, pid supervisor) noexcept override {
    checker_.supervisor_stopping(path, supervisor, monotonic_time());
  }

 private:
  invariant_checker& checker_;
};

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
