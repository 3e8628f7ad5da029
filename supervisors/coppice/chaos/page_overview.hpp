#pragma once

// Private to supervisors/coppice.

#include <cstdint>
#include <string>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice::detail {

/// All of a run in one picture: how many processes were in service, and how many hits there were, over time.
struct page_overview {
  std::string svg;  ///< Stretches to any width.
  std::uint64_t most_in_service = 0;
  std::uint64_t least_in_service = 0;  ///< After the tree was up for the first time.
  std::uint64_t scale_begin = 0;       ///< How many the bottom of the curve stands for.
  std::uint64_t most_hits = 0;         ///< In one of its slices of time.
  std::chrono::nanoseconds slice{0};   ///< How long these are.
};

page_overview draw_overview(const chaos_record& record);

}  // namespace coppice::detail
