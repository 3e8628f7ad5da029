#pragma once

#include <coppice/chaos/dice.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::simulation_tests {

/// A plan for that tree: phases with harm of all kinds, rests, and work for its calculators meanwhile.
chaos_plan random_plan(const supervisor_spec& root, dice& by);

}  // namespace coppice::simulation_tests
