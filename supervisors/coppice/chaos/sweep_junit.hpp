#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <coppice/chaos/sweep.hpp>

namespace coppice {

/// A sweep as a JUnit file, for CI: one suite with a test case `without a hit`, which fails if something was wrong
/// before anything was hit, and one for each process, which fails if a run with a hit on it did. A failure tells each
/// of those runs, with what `replay` says of how to see it again; `whole` is the command for all of the sweep.
///
/// A process that was not hit as often as it was to be, and has not failed, is skipped, and why is said: nobody takes
/// it for one that has passed.
std::string sweep_junit(const sweep_outcome& outcome, std::uint64_t seed,
                        const std::function<std::string(const sweep_failure&)>& replay, const std::string& whole);

}  // namespace coppice
