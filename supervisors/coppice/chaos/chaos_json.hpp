#pragma once

#include <string>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_verdict.hpp>
#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

/// The field `version` of the report: another number when a field has gone or means something else.
inline constexpr int chaos_json_version = 1;

/// All of a run for machines, as docs/reference/chaos_report.md describes it. The same record gives the same bytes:
/// no date, no pid, no address. Bytes that are no UTF-8 become U+FFFD. Lists have an element a line.
std::string chaos_json(const chaos_record& record, const chaos_figures& figures, const chaos_limits& limits,
                       const chaos_verdict& verdict);

}  // namespace coppice
