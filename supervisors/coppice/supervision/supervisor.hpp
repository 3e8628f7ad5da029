#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/behaviours/call.hpp>
#include <coppice/behaviours/start.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/auto_shutdown.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/strategy.hpp>
#include <coppice/supervision/supervision_observer.hpp>

namespace coppice {

/// What a supervisor does when its children end. OTP's names and defaults (S82), `intensity` and `period` by their JSON
/// names.
struct supervisor_flags {
  coppice::strategy strategy = coppice::strategy::one_for_one;
  /// So many restarts are allowed within `max_seconds`; one more, and the supervisor gives up (S102).
  unsigned max_restarts = 1;
  std::chrono::seconds max_seconds{5};
  coppice::auto_shutdown auto_shutdown = coppice::auto_shutdown::never;
};

/// What a supervisor is started from.
struct supervisor_init {
  supervisor_flags flags{};
  std::vector<child_spec> children{};
  /// Where it is in its tree (`root/pool`): for reports. Empty: its children go by their ids alone, unless it inherits
  /// an observer, and its path with it.
  std::string path{};
  /// Told of starts, failed starts and give-ups of this supervisor. Null: that of the supervisor whose start function
  /// starts it as a child of type `supervisor`, or none. So one observer at the root is told of the whole tree.
  std::shared_ptr<supervision_observer> observer{};
};

/// Starts a supervisor, linked to the caller, and all its children, in order (S83). Returns when they are started.
///
/// Fails with `{shutdown,{failed_to_start_child,Id,Reason}}` when a child does not start: those before it are stopped
/// (S85); with `{start_spec,Fault}` or `{supervisor_data,Fault}` for a child spec or flags that are wrong (S95).
///
/// It ends, in reverse start order, when its parent does (S92), when it gives up (S105), and by auto_shutdown (S112,
/// S113); it ignores all exit signals but its parent's, and `kill`. When a child that is a supervisor was killed, its
/// own children are waited for before anything is started in their place.
///
/// Blocks the process, not the thread.
start_result start_supervisor(supervisor_init init, start_options options = {});

/// Why an operation on a child was refused (S116 to S118).
enum class child_error : unsigned char {
  already_started,  ///< A child of that id is running.
  already_present,  ///< A child of that id is known, and not running.
  not_found,        ///< No child of that id is known.
  running,          ///< The child is running: terminate it first.
  restarting,       ///< Its start is being retried.
  start_failed,     ///< The start failed, for the reason given.
  bad_combination,  ///< `significant` where it is not allowed (S115).
  bad_spec,         ///< Something else is wrong with the spec: the reason says what.
};

std::string_view to_string(child_error) noexcept;

/// What came of starting a child.
class child_result {
 public:
  static child_result started(pid child) { return child_result{child, std::nullopt, {}}; }
  static child_result ignored() { return child_result{pid{}, std::nullopt, {}}; }
  static child_result refused(child_error why, exit_reason reason = {}, pid running = {}) {
    return child_result{running, why, std::move(reason)};
  }

  explicit operator bool() const noexcept { return !error_; }
  /// The child; false when its start was ignored. After `already_started`, the one that runs.
  pid process() const noexcept { return process_; }
  std::optional<child_error> error() const noexcept { return error_; }
  /// Why the start failed, or what is wrong with the spec.
  const exit_reason& reason() const noexcept { return reason_; }

 private:
  child_result(pid process, std::optional<child_error> error, exit_reason reason)
      : process_{process}, error_{error}, reason_{std::move(reason)} {}

  pid process_;
  std::optional<child_error> error_;
  exit_reason reason_;
};

/// One line of `which_children`.
struct child_info {
  enum class state : unsigned char { running, undefined, restarting };
  std::string id;
  pid process;
  child_type type = child_type::worker;
  state status = state::undefined;
};

std::string_view to_string(child_info::state) noexcept;

/// The answer of `count_children`: children that are not running count too, but for `active`.
struct child_counts {
  std::size_t specs = 0;
  std::size_t active = 0;
  std::size_t supervisors = 0;
  std::size_t workers = 0;
};

// These wait for the supervisor for as long as it takes, behind starts and restarts that it is busy with (S120). They
// exit the caller with `noproc` when there is no such supervisor. They block the process, not the thread.

/// Adds a child and starts it (S116). Nothing is kept of one whose start fails.
child_result start_child(detail::server_address supervisor, child_spec spec);

/// Ends a child, as its `shutdown` says. Its spec stays, unless it is temporary (S117). Nothing: done.
std::optional<child_error> terminate_child(detail::server_address supervisor, std::string_view id);

/// Starts a child that is not running (S118). Not counted as a restart.
child_result restart_child(detail::server_address supervisor, std::string_view id);

/// Forgets a child that is not running (S118).
std::optional<child_error> delete_child(detail::server_address supervisor, std::string_view id);

/// All children, the last started first (S83).
std::vector<child_info> which_children(detail::server_address supervisor);

child_counts count_children(detail::server_address supervisor);

/// What is wrong with a child spec under a supervisor with that `auto_shutdown`, in OTP's words; nothing if it is
/// right.
std::optional<exit_reason> check_child_spec(const child_spec& spec, auto_shutdown of_supervisor);

}  // namespace coppice
