#pragma once

// Private to lib/coppice.

#include <cstdint>

#include <coppice/scheduling/seen_by_others.hpp>

namespace coppice::detail {

/// The free places of the process table that one thread keeps at hand, so that threads which start and end processes do
/// not meet at one lock, and at one counter, for each. What was freed last is taken first.
struct place_stock {
  static constexpr std::uint32_t most = 64;

  std::uint32_t places[most];
  std::uint32_t size = 0;
  std::uint64_t epoch = 0;  // of the table when they were taken: those of an earlier one are void
  bool is_over = false;     // the thread is at its end, and keeps nothing any more
  scheduling::seen_by_others<std::uint64_t> highest;  // of the serials that it gave out
  // How many more have begun on the thread than have ended on it.
  scheduling::seen_by_others<std::int64_t> living;

  // Of all threads, in the table.
  place_stock* next = nullptr;
  place_stock* previous = nullptr;
};

}  // namespace coppice::detail
