#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coppice {

/// The environment variable that says with which seeds a test runs: `17`, or `0..999`.
inline constexpr const char* seeds_variable = "COPPICE_SEEDS";

/// Seeds from the first to the last, both included.
struct seed_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  friend bool operator==(const seed_range&, const seed_range&) = default;
};

/// `17`, or `0..999`.
std::string to_string(const seed_range& seeds);

/// Reads `17` or `0..999`. Throws std::invalid_argument for anything else, and for a range that is empty.
seed_range parse_seeds(std::string_view text);

/// What `COPPICE_SEEDS` says; if it is not set, the seeds from 0 on, as many as `count`, which must not be 0.
seed_range chosen_seeds(std::uint64_t count);

/// The command for a shell that runs, in this program, the doctest test case of that name with that seed alone.
std::string doctest_replay(std::uint64_t seed, std::string_view test_case);

}  // namespace coppice
