#pragma once

#include <optional>
#include <string>

#include <coppice/tree/tree_spec.hpp>

namespace coppice {

class fault_list;
class worker_catalogue;
struct located_json;

/// Checks the JSON of a tree file: a supervisor, the root.
///
/// The tree, or nothing and *all* faults, in the order in which they are found; `fault_list::sort_by_offset` brings
/// them into that of the file. Starts nothing. The root's `chaos` is left to `check_chaos_plan`.
std::optional<supervisor_spec> check_tree(located_json const& value, worker_catalogue const& workers,
                                          fault_list& faults);

/// Checks one child that is to be added to a running supervisor: the `spec` of a script's step `start_child`.
///
/// Faults begin with `pointer`. A forbidden `significant` is no fault of the spec, since a running supervisor answers
/// it with `bad_combination`: it goes to `bad_combinations`, and the child is returned nevertheless. Whether the
/// supervisor's own `auto_shutdown` allows `significant` is not known here. `count` is a fault: one call starts one
/// child.
std::optional<tree_child> check_child(located_json const& value, std::string const& pointer,
                                      worker_catalogue const& workers, fault_list& faults,
                                      fault_list& bad_combinations);

}  // namespace coppice
