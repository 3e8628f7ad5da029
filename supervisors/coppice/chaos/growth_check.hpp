#pragma once

#include <string_view>
#include <vector>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_record.hpp>

namespace coppice {

/// What reports call it when a tree did not grow back.
inline constexpr std::string_view grew_back = "the tree grew back";

/// Who was missing when the plan was over, and the root, if it ended before: then the rest of the plan was not carried
/// out. Nothing of a run that was interrupted, for then nobody knows.
std::vector<chaos_violation> check_growth(const chaos_record& record, const chaos_figures& figures);

}  // namespace coppice
