#pragma once

// Private to supervisors/coppice.

#include <string>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_record.hpp>

namespace coppice::detail {

/// What the script of a page draws from: JSON, a list for each field of hits, lives and so on, and every text once.
std::string page_data(const chaos_record& record, const chaos_figures& figures);

}  // namespace coppice::detail
