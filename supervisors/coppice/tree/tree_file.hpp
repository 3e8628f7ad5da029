#pragma once

#include <optional>
#include <string>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

class worker_catalogue;

/// What a tree file says: the tree, or all faults in the order of the file.
struct tree_file {
  std::optional<supervisor_spec> root;
  /// Its `chaos`, if it has one.
  std::optional<chaos_plan> chaos;
  fault_list faults;
};

/// Reads and checks a tree file; `-` is standard input. Starts nothing, and never waits for a fifo.
///
///     auto const [root, chaos, faults] = read_tree_file("web_shop.json", workers);
///     if (!root) { std::cerr << faults.text(); return 2; }
tree_file read_tree_file(std::string const& path, worker_catalogue const& workers);

}  // namespace coppice
