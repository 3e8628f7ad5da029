#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <coppice/chaos/sweep.hpp>

namespace coppice {

/// A sweep as a JUnit file, for CI: one suite with a test case for each process that was hit, which fails if a run with
/// a hit on it did; the failure tells each of those runs, with what `replay` says of how to see it again.
std::string sweep_junit(const sweep_outcome& outcome, std::uint64_t seed,
                        const std::function<std::string(const sweep_failure&)>& replay);

}  // namespace coppice
