#pragma once

#include <string>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

/// Why a run that breaks nothing says less than it seems to, a text each: that no fault of its plan has hit anybody. A
/// run that was interrupted is told as such, and is not warned of. They fail nothing: where faults are drawn, a seed
/// may well draw none.
std::vector<std::string> warnings_of(const chaos_plan& plan, const chaos_record& record);

}  // namespace coppice
