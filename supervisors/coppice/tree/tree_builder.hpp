#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/behaviours/start.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/tree/start_faults.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// What the supervisors and workers of a tree are built with. Must outlive the tree.
struct tree_surroundings {
  const worker_registry* workers = nullptr;
  /// Told what the supervisors do; may be null.
  std::shared_ptr<supervision_observer> observer;
  /// Starts that are to fail; may be null.
  std::shared_ptr<start_faults> faults;
};

/// Starts a checked tree, linked to the caller: the root and all below it. The paths begin with the root's id. All
/// incarnations share the spec.
start_result start_tree(std::shared_ptr<const supervisor_spec> root, const tree_surroundings& around);

/// The same with a spec of its own.
start_result start_tree(supervisor_spec root, const tree_surroundings& around);

/// The child specs of one child of a tree file under the supervisor at `path`: one, or as many as it has replicas.
std::vector<child_spec> child_specs_of(const tree_child& child, std::string_view path, const tree_surroundings& around);

}  // namespace coppice
