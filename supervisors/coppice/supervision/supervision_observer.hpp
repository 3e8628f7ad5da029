#pragma once

#include <span>
#include <string_view>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_type.hpp>

namespace coppice {

struct child_spec;
struct supervisor_flags;

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

  /// A supervisor begins, with these children in that order; none has been started.
  virtual void supervisor_starting(std::string_view path, const supervisor_flags& flags,
                                   std::span<const child_spec> children, pid supervisor) noexcept;

  /// `start_child` has added a child, the last in the order, and starts it next. It is forgotten again if that fails.
  virtual void child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept;

  /// `terminate_child` begins: the child is to be down, whether it runs or not.
  virtual void child_terminating(std::string_view path, pid supervisor) noexcept;

  /// `delete_child` has forgotten it.
  virtual void child_deleted(std::string_view path, pid supervisor) noexcept;

  /// The supervisor begins to end all its children, and will then end itself: it was told to, it gives up, a handler
  /// failed, or one of those that it begins with did not start.
  virtual void supervisor_stopping(std::string_view path, pid supervisor) noexcept;
};

}  // namespace coppice
