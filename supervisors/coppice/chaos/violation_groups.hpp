#pragma once

// Private to supervisors/coppice.

#include <string_view>
#include <utility>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice::detail {

/// What is held against a run, by the rule or limit that is broken: in the order in which each came first, and as they
/// came. Where not all can be told, some of each are: a thousand of one must not hide another. Refers to `broken`.
std::vector<std::pair<std::string_view, std::vector<const chaos_violation*>>> by_rule(
    const std::vector<chaos_violation>& broken);

}  // namespace coppice::detail
