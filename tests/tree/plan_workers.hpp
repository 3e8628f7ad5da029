#pragma once

#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice::tests {

/// What the plans of the tests are for: `calc`, and `cache`, whose messages have fields and answers of other kinds.
const worker_registry& plan_workers();

/// `tests/good_trees/for_plans.json`.
const supervisor_spec& plan_tree();

}  // namespace coppice::tests
