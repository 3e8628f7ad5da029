#pragma once

#include <cstdint>

namespace coppice::scheduling {

/// By how much the state of splitmix64 grows with each number that is drawn.
inline constexpr std::uint64_t splitmix_step = 0x9E3779B97F4A7C15U;

/// The number that splitmix64 makes of its state: the same for a seed on every machine.
constexpr std::uint64_t splitmix(std::uint64_t state) noexcept {
  state = (state ^ (state >> 30U)) * 0xBF58476D1CE4E5B9U;
  state = (state ^ (state >> 27U)) * 0x94D049BB133111EBU;
  return state ^ (state >> 31U);
}

}  // namespace coppice::scheduling
