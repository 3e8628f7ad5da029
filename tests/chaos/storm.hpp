#pragma once

// Trees and plans of the tests of whole chaos runs.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/tree_spec.hpp>

#include "chaos/till.hpp"

namespace chaos_tests {

/// A tree as a tree file has it.
inline coppice::supervisor_spec tree_of(std::string_view text,
                                        const coppice::worker_registry& known = chaos_tests::workers()) {
  coppice::fault_list faults{"tree.json"};
  const auto json = coppice::read_json(text, "a tree", faults);
  std::optional<coppice::supervisor_spec> root;
  if (json) root = coppice::check_tree(*json, known, faults);
  REQUIRE_MESSAGE(root.has_value(), faults.text());
  return std::move(*root);
}

/// A plan as a file has it.
inline coppice::chaos_plan plan_of(std::string_view text, const coppice::supervisor_spec& root,
                                   const coppice::worker_registry& known = chaos_tests::workers()) {
  coppice::fault_list faults{"plan.json"};
  const auto json = coppice::read_json(text, "a plan", faults);
  std::optional<coppice::chaos_plan> plan;
  if (json) plan = coppice::check_chaos_plan(*json, "", root, known, faults);
  REQUIRE_MESSAGE(plan.has_value(), faults.text());
  return std::move(*plan);
}

/// A fault that strikes so often, at regular times.
inline coppice::chaos_fault regular(std::vector<std::string> paths, std::vector<coppice::chaos_harm> how,
                                    double per_second) {
  coppice::chaos_fault made;
  made.victims.paths = std::move(paths);
  made.how = std::move(how);
  made.per_second = per_second;
  made.spread = coppice::chaos_fault::distribution::regular;
  return made;
}

/// One that strikes a single time.
inline coppice::chaos_fault once(std::vector<std::string> paths, coppice::chaos_harm how) {
  coppice::chaos_fault made = regular(std::move(paths), {std::move(how)}, 1);
  made.spread = coppice::chaos_fault::distribution::once;
  return made;
}

inline coppice::chaos_plan one_phase(std::chrono::nanoseconds time, std::vector<coppice::chaos_fault> faults) {
  coppice::chaos_plan made;
  made.phases.push_back({"storm", time, std::move(faults)});
  return made;
}

/// A pool of four tills that stands a lot, and the till `a`.
constexpr std::string_view tough_shop = R"({"id": "root", "max_restarts": 100000, "children": [
  {"id": "a", "start": "till", "name": "front"},
  {"id": "pool", "type": "supervisor", "max_restarts": 100000, "children": [{"id": "c", "start": "till", "count": 4}]}]})";

}  // namespace chaos_tests
