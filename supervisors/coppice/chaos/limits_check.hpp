#pragma once

#include <string>
#include <vector>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_record.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

/// A limit of a plan by itself.
struct chaos_limit {
  std::string name;   ///< Its key in a plan, `recovery_p99_ms`.
  std::string bound;  ///< What it allows, in words: `at most 50 ms`.
};

/// Those that are set, in the order of their names in `chaos_limits`.
std::vector<chaos_limit> set_limits(const chaos_limits& limits);

/// Each limit that is broken, with the child, its figure and the limit: `recovery_*`, `availability` and
/// `blast_radius` for each child that breaks it, `give_ups`, `lost_messages` and `failed_calls` once for all of the
/// tree, with the child that has the most. By limit, the worst child first. `invariant` is the limit's key.
///
/// An outage that was not over at the end of the record counts for the recoveries, with the time it has lasted until
/// then: nobody passes by never coming back.
std::vector<chaos_violation> check_limits(const chaos_limits& limits, const chaos_record& record,
                                          const chaos_figures& figures);

/// Why limits of the plan cannot be broken, whatever happens, so that it says nothing when they are not: one text for
/// each, beginning with its key. To be asked before a run. That a root gives up does not count: it fails a run by
/// itself.
std::vector<std::string> refuse_limits(const chaos_limits& limits, const chaos_plan& plan, const supervisor_spec& root,
                                       bool is_virtual);

}  // namespace coppice
