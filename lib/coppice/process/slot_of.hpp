#pragma once

#include <cstddef>
#include <cstdint>

#include <coppice/process/pid.hpp>

namespace coppice::detail {

// A pid's low bits are its place in the table; above them counts, from 1, how many processes had that place.
inline constexpr unsigned slot_bits = 24;
inline constexpr std::uint64_t slot_mask = (std::uint64_t{1} << slot_bits) - 1;

constexpr std::uint64_t slot_of(pid of) noexcept {
  return of.value() & slot_mask;
}

/// For tables of pids: a successor mostly gets its predecessor's place, and then lies where the cache still knows the
/// other.
struct slot_hash {
  std::size_t operator()(pid of) const noexcept { return static_cast<std::size_t>(slot_of(of)); }
};

}  // namespace coppice::detail
