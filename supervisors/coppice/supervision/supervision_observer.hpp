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
};

}  // namespace coppice
