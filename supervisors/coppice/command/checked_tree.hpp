#pragma once

#include <optional>
#include <string>
#include <vector>

#include <coppice/tree/tree_file.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice::command {

/// Reads a tree file. Its faults go to standard error, with how to load workers where one is missing and no library was
/// given; then there is no tree.
std::optional<supervisor_spec> read_tree(const std::string& path, const worker_registry& workers,
                                         const std::vector<std::string>& libraries);

/// The same, with all that is in the file. Its `root` is there.
std::optional<tree_file> read_whole_tree(const std::string& path, const worker_registry& workers,
                                         const std::vector<std::string>& libraries);

/// What messages call an input file: its path, or standard input for `-`.
std::string shown_name(const std::string& path);

}  // namespace coppice::command
