#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace calc_tree {

/// What the command line asks for.
struct options {
  std::string tree;
  std::chrono::seconds length{10};
  std::uint64_t seed = 1;
};

/// Runs the tree, works its calculators, cuts processes down for so long, shows what happens, and prints a report.
/// True: everything grew back and every value was right. Blocks; no runtime may be running.
bool fell_and_watch(const coppice::supervisor_spec& root, const coppice::worker_registry& workers,
                    const options& wanted);

}  // namespace calc_tree
