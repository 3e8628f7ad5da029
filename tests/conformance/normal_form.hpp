#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice::conformance {

/// A trace in the normal form of the contract (section 1.7).
///
/// Each event is one line of text, so that two events are equal if and only if their lines are:
///
///     started PATH INCARNATION
///     start_failed PATH REASON
///     exited PATH INCARNATION REASON
///     restart_limit PATH
///     result STEP ok [VALUE]
///     result STEP error CODE [REASON]
///     idle STEP PATH=INCARNATION ...
///     done
///
/// Numbers have 12 significant digits. A member that is missing or has the wrong type shows as such.
struct normal_trace {
  std::vector<std::string> lines;
  /// What was left out on the way, each with the number of its line in the trace.
  std::vector<std::string> notes;
};

/// A number with 12 significant digits: `5` for 5.0.
std::string number_text(double number);

/// Reads JSON lines and puts them into normal form. Never fails: what is no event of the contract becomes a note.
normal_trace to_normal_form(std::string_view json_lines);

/// The ends under killed supervisors, in the order of the normal form; `lines` are lines of `normal_trace`.
std::vector<std::string> in_normal_order(std::vector<std::string> lines);

}  // namespace coppice::conformance
