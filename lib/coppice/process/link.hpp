#pragma once

#include <coppice/process/pid.hpp>
#include <coppice/process/signals.hpp>

namespace coppice {

/// Links the calling process and `other`: when one ends, the other gets an exit signal with its reason (S25, S29, S30).
/// A second link of a pair is no second one (S25); a link to oneself is none (S26). A dead process: throws
/// `error{noproc}`, or delivers the message `exit_signal` with `noproc` to a caller that traps exits (S28).
void link(pid other);

/// Takes the link away, from both sides (S26). No exit signal of `other` arrives after it has returned; one may be in
/// the queue already, as a message, if the caller traps exits (S31).
void unlink(pid other);

/// Whether exit signals reach the calling process as messages (`exit_signal`) instead of ending it.
/// Set from the next signal that is received on (S24). `kill` cannot be trapped (S20).
enum class process_flag_name { trap_exit };
inline constexpr process_flag_name trap_exit = process_flag_name::trap_exit;

/// Sets a flag of the calling process and returns its old value.
bool process_flag(process_flag_name flag, bool value);

}  // namespace coppice
