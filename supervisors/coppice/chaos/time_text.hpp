#pragma once

// Private to supervisors/coppice.

#include <chrono>
#include <string>

namespace coppice::detail {

/// Three digits and the unit that fits: `0 s`, `850 ns`, `12.3 µs`, `4.56 ms`, `59.9 s`; from a minute on `2 min 5 s`,
/// `1 h 2 min`. Rounded down.
std::string time_text(std::chrono::nanoseconds time);

/// Exactly, in milliseconds: `50.000001 ms`.
std::string exact_ms_text(std::chrono::nanoseconds time);

/// `99.9800 %`, rounded down, so that `100 %` is nothing less.
std::string per_cent_text(double value);

}  // namespace coppice::detail
