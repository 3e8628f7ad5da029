#pragma once

// Private to supervisors/coppice.

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::detail {

/// Whether, in virtual time, time can pass between the end of somebody and his return, under that plan: because a step
/// on the way has a cost, or because of harm.
///
/// False is certain as far as plan and tree say who ends: by the plan's cuts and its load, and with those who go down
/// with them by strategies and budgets. The end of the root does not count, for it fails a run by itself.
bool can_outages_take_time(const chaos_plan& plan, const supervisor_spec& root);

}  // namespace coppice::detail
