#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace coppice::tree_limits {

// What a tree or script file may ask for. `docs/reference/tree_file.md` lists them.

inline constexpr std::uint64_t max_restarts = 1'000'000'000;
inline constexpr std::uint64_t max_seconds = 1'000'000'000;

/// OTP's own: the longest time-out of a `receive`, 2^32 - 1 ms, a little less than 50 days.
inline constexpr std::uint64_t max_shutdown_ms = 4'294'967'295;

/// Processes of one tree, replicas and supervisors included.
inline constexpr std::uint64_t max_processes = 10'000'000;

inline constexpr std::uint64_t min_stack_bytes = 16 * 1024;
inline constexpr std::uint64_t max_stack_bytes = std::uint64_t{64} * 1024 * 1024;

/// Characters of an id, a registered name or an atom; OTP's limit of an atom.
inline constexpr std::size_t max_name_length = 255;

/// Of an `advance` of a script: about 31 years.
inline constexpr std::uint64_t max_advance_ms = 1'000'000'000'000;

/// Of a `cost`: a day.
inline constexpr std::chrono::nanoseconds max_cost = std::chrono::hours{24};

/// Of any time in a chaos plan, and of the whole plan: a century.
inline constexpr std::chrono::nanoseconds max_chaos_time = std::chrono::hours{24 * 36'525};

/// Of a rate in a chaos plan: so often in a second; the least is about once in 30 years.
inline constexpr double max_per_second = 1'000'000;
inline constexpr double min_per_second = 0.000000001;

/// Starts to fail and allocations to wait for, in a chaos plan.
inline constexpr std::uint64_t max_chaos_count = 1'000'000'000;

/// Of a figure in the `limits` of a chaos plan, where it counts something.
inline constexpr std::uint64_t max_limit = 1'000'000'000'000;

}  // namespace coppice::tree_limits
