#pragma once

#include <optional>
#include <string>
#include <vector>

#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

class fault_list;
class worker_catalogue;
struct located_json;
struct supervisor_spec;

/// Checks the JSON of a chaos plan against the tree that it is for; `pointer` is where it stands in its file.
///
/// The plan, or nothing and *all* faults, in the order in which they are found; `fault_list::sort_by_offset` brings
/// them into that of the file. Starts nothing.
std::optional<chaos_plan> check_chaos_plan(const located_json& value, const std::string& pointer,
                                           const supervisor_spec& root, const worker_catalogue& workers,
                                           fault_list& faults);

/// The same of an array of expectations alone, as a plan has it under `expect`.
std::optional<std::vector<chaos_expectation>> check_chaos_expectations(const located_json& value,
                                                                       const supervisor_spec& root,
                                                                       const worker_catalogue& workers,
                                                                       fault_list& faults);

/// As far as it can be told without a tree: for a plan in a tree file that is wrong itself.
void check_chaos_plan_shape(const located_json& value, const std::string& pointer, const worker_catalogue& workers,
                            fault_list& faults);

/// The same of expectations, in a file of their own.
void check_chaos_expectations_shape(const located_json& value, const worker_catalogue& workers, fault_list& faults);

}  // namespace coppice
