#pragma once

#include <string_view>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_type.hpp>

namespace coppice {

/// Is told what a supervisor does, as it does it. Ends of children are told by the runtime's `process_observer`, when
/// they happen.
///
/// Called in the supervisor's process: must not wait, and must not throw. `path` is the child's, or the supervisor's.
class supervision_observer {
 public:
  virtual ~supervision_observer();

  /// A child has started successfully, whatever for.
  virtual void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept = 0;

  /// An attempt to start a child failed.
  virtual void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept = 0;

  /// The supervisor gives up: one more restart would be more than it may make.
  virtual void restart_limit_reached(std::string_view path, pid supervisor) noexcept = 0;

  /// An attempt to start a child begins.
  virtual void child_starting(std::string_view path, child_type type, pid supervisor) noexcept;

  /// The supervisor begins to end a child that runs.
  virtual void child_ending(std::string_view path, pid child, pid supervisor) noexcept;

  /// The supervisor restarts a child that has ended, or tries again to start it, and what goes with it by the strategy:
  /// once for each restart that counts, before anything is ended or started for it.
  virtual void restarting(std::string_view path, pid supervisor) noexcept;
};

}  // namespace coppice
