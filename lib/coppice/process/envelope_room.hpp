#pragma once

#include <cstddef>
#include <cstdint>

#include <coppice/scheduling/block_class.hpp>

namespace coppice::detail {

/// Where the room for an envelope comes from: from pools of three sizes, or, when it is larger or wants more alignment
/// than theirs, from the general allocator. Known with the type of its message, so that a send need not work it out.
///
/// The value is the class of the pool's blocks. Most messages are a number or two: one cache line.
enum class envelope_room : std::uint8_t {
  small = scheduling::detail::block_class_of(64),
  middle = scheduling::detail::block_class_of(128),
  large = scheduling::detail::block_class_of(256),
  alone = 255,
};

inline constexpr std::size_t pooled_alignment = 16;

/// Bytes of an envelope before its payload.
inline constexpr std::size_t envelope_header = 40;

// An alignment is a power of two.
constexpr std::size_t envelope_payload_offset(std::size_t alignment) noexcept {
  return (envelope_header + alignment - 1) & ~(alignment - 1);
}

constexpr std::size_t block_class_of(envelope_room pool) noexcept {
  return static_cast<std::size_t>(pool);
}

constexpr envelope_room envelope_room_for(std::size_t size, std::size_t alignment) noexcept {
  if (alignment > pooled_alignment) return envelope_room::alone;
  for (const auto pool : {envelope_room::small, envelope_room::middle, envelope_room::large}) {
    if (envelope_payload_offset(alignment) + size <= scheduling::detail::block_class_size(block_class_of(pool)))
      return pool;
  }
  return envelope_room::alone;
}

}  // namespace coppice::detail
