#pragma once

#include <chrono>
#include <cstdint>

namespace coppice {

/// How far a chaos run is.
struct chaos_progress {
  std::chrono::nanoseconds done{0};
  std::chrono::nanoseconds total{0};  ///< Of the plan; 0 if nobody knows.
  bool is_virtual = true;
  std::uint64_t hits = 0;
  std::uint64_t restarts = 0;
  std::uint64_t alive = 0;
  std::uint64_t expected = 0;  ///< How many live when all is well.
};

}  // namespace coppice
