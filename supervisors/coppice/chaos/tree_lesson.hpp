#pragma once

#include <functional>
#include <string>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

/// Tells the recorder the names and restart types of a tree from a file, and the injector what its steps cost (null:
/// they cost nothing). Calls `each_worker` for each process of each worker, with its path. Before the run.
void teach_tree(const supervisor_spec& root, chaos_recorder& recorder, chaos_injector* injector,
                const std::function<void(const std::string& path, const worker_spec& of)>& each_worker = {});

}  // namespace coppice
