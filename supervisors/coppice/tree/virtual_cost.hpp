#pragma once

#include <chrono>

namespace coppice {

/// The virtual time that the steps of a process take in a chaos run, where otherwise nothing would take any: the field
/// `cost` of a child in a tree file. Elsewhere it has no meaning.
struct virtual_cost {
  enum class distribution : unsigned char {
    constant,     ///< Always that time.
    uniform,      ///< Anything from 0 to twice that time.
    exponential,  ///< As for independent events: mostly less, sometimes much more. That time is the mean.
  };

  std::chrono::nanoseconds init = std::chrono::microseconds{1};
  std::chrono::nanoseconds handler = std::chrono::microseconds{1};
  std::chrono::nanoseconds terminate = std::chrono::microseconds{1};
  distribution spread = distribution::constant;
};

}  // namespace coppice
