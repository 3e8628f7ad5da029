#include <cstdint>
#include <utility>

#include <coppice/chaos/tree_lesson.hpp>

namespace coppice {

namespace {

struct lesson {
  chaos_recorder& recorder;
  chaos_injector* injector;
  const std::function<void(const std::string& path, const worker_spec& of)>& each_worker;

  void give(const supervisor_spec& supervisor, const std::string& path) const {
    if (supervisor.name) recorder.name_of(*supervisor.name, path);
    if (injector != nullptr) injector->cost_of(path, supervisor.cost);
    for (const auto& child : supervisor.children) {
      if (const auto* below = child.if_supervisor()) {
        const std::string own = path + "/" + below->id;
        recorder.restart_of(own, below->restart);
        give(*below, own);
      } else {
        give(*child.if_worker(), path);
      }
    }
  }

  void give(const worker_spec& worker, const std::string& above) const {
    for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
      const std::string path = above + "/" + worker.replica_id(number);
      recorder.restart_of(path, worker.restart);
      if (auto name = worker.replica_name(number)) recorder.name_of(std::move(*name), path);
      if (injector != nullptr) injector->cost_of(path, worker.cost);
      if (each_worker) each_worker(path, worker);
    }
  }
};

}  // namespace

void teach_tree(const supervisor_spec& root, chaos_recorder& recorder, chaos_injector* injector,
                const std::function<void(const std::string& path, const worker_spec& of)>& each_worker) {
  lesson{recorder, injector, each_worker}.give(root, root.id);
}

}  // namespace coppice
