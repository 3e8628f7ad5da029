#pragma once

// Private to supervisors/coppice.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice::detail {

/// A way of hitting without what is particular about it: `crash` of `crash boom`.
struct harm_kind {
  std::string name;
  std::size_t colour;  ///< From 0: the same for a kind in every page, as far as there are colours.
  std::size_t count = 0;
};

/// The kinds of all hits of a record, in a fixed order.
std::vector<harm_kind> harm_kinds(const chaos_record& record);

/// In the words of a plan: `fail_starts` of `fail 3 starts`. The first word of what no plan knows.
std::string_view kind_of_way(std::string_view way);

}  // namespace coppice::detail
