#pragma once

#include <cstddef>

namespace coppice::scheduling::detail {

// The sizes of the blocks that `object_pool.hpp` hands out. A header of its own, so that whoever knows a size when he
// is compiled knows its class as well.

inline constexpr std::size_t largest_block = 1024;
inline constexpr std::size_t block_classes = 40;

/// Steps of 16 bytes up to 512, of 64 above.
constexpr std::size_t block_class_of(std::size_t size) noexcept {
  if (size <= 16) return 0;
  return size <= 512 ? (size + 15) / 16 - 1 : 32 + (size - 512 + 63) / 64 - 1;
}

constexpr std::size_t block_class_size(std::size_t index) noexcept {
  return index < 32 ? (index + 1) * 16 : 512 + (index - 31) * 64;
}

}  // namespace coppice::scheduling::detail
