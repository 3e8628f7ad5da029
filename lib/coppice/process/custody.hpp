#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>

namespace coppice::detail {

// What a supervisor needs of the process layer beyond links and monitors. All of it speaks of the calling process.

/// From now on the calling process answers for its children: if it ends without having ended them, whoever gets its
/// exit signal or DOWN can learn who they were, with `take_orphans_of`. And what it spawns is reported to the
/// runtime's observer. It will have so many children, for the time being.
void become_custodian(std::size_t children);

/// The calling process is about to start a child of which it keeps what it knows there: see
/// `control_block::child_entry`. Null: not any more.
void child_is_kept_at(const void* entry);

/// Whether what the calling process spawns is reported to the runtime's observer when it ends.
void observe_children(bool yes);

/// How long a process has to end that was not told how long: OTP's default for a worker.
inline constexpr std::chrono::milliseconds default_time_to_end{5000};

/// For a custodian that ends, or unwinds: those that are linked to it and that it has spawned, or that `time_of` knows,
/// are its orphans. Each has as long to end, from when it hears of this, as `time_of` gives it, and is killed then;
/// `default_time_to_end` if it is unknown there. Without memory some of them are not hurried.
using time_to_end = std::optional<std::chrono::milliseconds>;  // none: for ever
void leave_orphans(const std::function<std::optional<time_to_end>(pid)>& time_of) noexcept;

/// Those that were still linked to `ended`, a custodian, when it ended, and that it has spawned or left as orphans.
/// Known once, after its exit signal or DOWN has come; empty if there were none.
std::vector<pid> take_orphans_of(pid ended);

/// The exit signals of a group of processes that are being ended one after the other, but had ended before, all of them
/// perhaps: the caller's queue is walked once for all, not for each.
class early_ends {
 public:
  /// `is_of_group` says whether a process is still to be ended. It is not asked before the first `take`.
  explicit early_ends(std::function<bool(pid)> is_of_group);
  early_ends(const early_ends&) = delete;
  early_ends& operator=(const early_ends&) = delete;
  ~early_ends();

  /// The reason in the exit signal of `ended`, which leaves the queue; nothing: there is none.
  std::optional<exit_reason> take(pid ended);

 private:
  struct state;
  std::function<bool(pid)> is_of_group_;
  std::unique_ptr<state> state_;  // mostly there is nothing to take
};

/// Sends the exit signals `first` and, if that has not ended `target` within `limit` (none: for ever), `kill`; waits
/// until it has ended, and returns the reason. Its exit signal to the caller, who traps exits, does not stay in the
/// queue. If it had ended before, the reason is that of the queued exit signal, or `noproc`; `early` knows those of a
/// group.
exit_reason end_process(pid target, const exit_reason& first, std::optional<std::chrono::milliseconds> limit,
                        early_ends* early = nullptr);

/// Waits until those `orphans` have ended, and their orphans in turn; it is for `leave_orphans` to see to it that they
/// do. If the calling process ends before they do, they are among its own orphans.
void await_orphans(const std::vector<pid>& orphans);

/// The same for those that `take_orphans_of(ended)` gives.
void await_orphans_of(pid ended);

/// Waits until `target` has ended, for `limit` (none: for ever), then kills it. What it is linked to does not matter.
void await_end(pid target, std::optional<std::chrono::milliseconds> limit);

/// Lets `target` end by itself with `reason`: a server after what is in its queue, with `terminate`; a function at its
/// next wait.
void make_end(pid target, exit_reason reason);

/// Lets `target` call `what`, which may wait, throw or exit, as if that were its own code: a server as a handler, after
/// what is in its queue; a function where it waits, or when it waits next.
void make_act(pid target, std::function<void()> what);

/// If an exit signal has come that ends the calling process, unwinds it here and now rather than at its next wait: for
/// a fault injector. `exit(self(), exit_reason::kill())` does so by itself. Does nothing while an exception is in
/// flight.
void unwind_if_killed();

/// Whether the process is in a handler, or in its constructor, rather than at rest. Any thread. For functions: false.
bool is_busy(pid process) noexcept;

}  // namespace coppice::detail
