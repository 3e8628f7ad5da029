#pragma once

#include <optional>
#include <string>
#include <vector>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/fault.hpp>

namespace coppice {

class worker_catalogue;
struct supervisor_spec;

/// What a file with a chaos plan says: the plan, or all faults in the order of the file.
struct chaos_plan_file {
  std::optional<chaos_plan> plan;
  fault_list faults;
};

/// Reads a chaos plan from a file of its own, beside that of the tree that it is for, and checks it against that tree;
/// `-` is standard input. Starts nothing, and never waits for a fifo.
chaos_plan_file read_chaos_plan_file(const std::string& path, const supervisor_spec& root,
                                     const worker_catalogue& workers);

/// What is wrong with such a file as far as it can be told without a tree: for one beside a tree that is wrong itself.
fault_list find_chaos_plan_faults(const std::string& path, const worker_catalogue& workers);

/// What a file with expectations says, an array as a plan has it under `expect`: the expectations, or all faults in the
/// order of the file.
struct chaos_expectations_file {
  std::optional<std::vector<chaos_expectation>> expected;
  fault_list faults;
};

/// Reads such a file, for a sweep, as `read_chaos_plan_file` reads a plan.
chaos_expectations_file read_chaos_expectations_file(const std::string& path, const supervisor_spec& root,
                                                     const worker_catalogue& workers);

/// As `find_chaos_plan_faults`.
fault_list find_chaos_expectations_faults(const std::string& path, const worker_catalogue& workers);

}  // namespace coppice
