#pragma once

#include <iosfwd>
#include <map>
#include <string>

#include "normal_form.hpp"

namespace coppice::conformance {

/// Traces by the names of their scenarios.
using recorded_traces = std::map<std::string, normal_trace>;

/// Writes traces in a short text form that a diff can show: normal form, in which events are a sign and the processes
/// alive at an idle are left out, as they follow from the starts and ends. Throws std::invalid_argument for a trace of
/// which that does not hold.
///
///     scenario NAME       a trace begins
///     +root/a 1           started
///     !root/a injected    start_failed
///     -root/a 1 boom      exited
///     *root               restart_limit
///     =ok 5               result, of the step that the next dot ends
///     .                   idle
///     $                   done
///
/// A supervisor's children often follow it or one another, so a path may begin with `^`: the folder of the path before.
void write_recorded(std::ostream& out, const recorded_traces& traces);

/// Reads what `write_recorded` wrote. Throws std::invalid_argument with the line for anything else.
recorded_traces read_recorded(std::istream& in);

}  // namespace coppice::conformance
