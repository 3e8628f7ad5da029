#pragma once

#include <cstdint>

#include <nlohmann/json.hpp>

namespace coppice::conformance {

/// A tree file and a script file.
struct scenario {
  nlohmann::json tree;
  nlohmann::json script;
};

enum class workers { calc_only, all };

/// Which workers the scenario of a seed has, when nobody says: two in five have all.
workers workers_of(std::uint64_t seed);

/// Makes a random scenario: the same for a seed on every machine.
///
/// All that the contract leaves open is avoided. Times of restarts differ by at most max_seconds or by at least a
/// second more; with workers that take time to stop, by at least two seconds less.
scenario generate(std::uint64_t seed, workers which);

}  // namespace coppice::conformance
