#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/tree_builder.hpp>

namespace coppice {

namespace {

std::string below(std::string_view path, std::string_view id) {
  return std::string{path} + "/" + std::string{id};
}

bool is_to_fail(const tree_surroundings& around, const std::string& path) {
  return around.faults != nullptr && around.faults->take(path);
}

start_result injected_failure() {
  return start_result::failed(exit_reason{"injected"});
}

// A supervisor of a tree, for as long as it may be started: what it is made from, and where. Its children are made from
// what lies in its spec.
struct supervisor_place {
  std::shared_ptr<const supervisor_spec> spec;
  std::string path;
  tree_surroundings around;
};

start_result start_supervisor_at(const std::shared_ptr<const supervisor_place>& place);

// A start function must be copied, and a tree may have a million of them: they share what is the same for all children
// of a supervisor, and a path is put together only where somebody asks for it.
class start_of_worker : public detail::pooled_object {
 public:
  start_of_worker(std::shared_ptr<const supervisor_place> above, const worker_spec& spec, std::uint32_t number)
      : above_{std::move(above)}, spec_{&spec}, number_{number} {}

  start_result operator()() const {
    const tree_surroundings& around = above_->around;
    if (around.faults != nullptr && is_to_fail(around, below(above_->path, spec_->replica_id(number_)))) {
      return injected_failure();
    }
    const worker* const found = around.workers->find(spec_->start);
    return found->start({*spec_->args, spec_->read_args},
                        {.name = spec_->replica_name(number_).value_or(""), .stack = spec_->stack.value_or(0)});
  }

 private:
  std::shared_ptr<const supervisor_place> above_;
  const worker_spec* spec_;
  std::uint32_t number_;
};

void append_specs(std::vector<child_spec>& to, const std::shared_ptr<const supervisor_place>& above,
                  const tree_child& child) {
  const auto add = [&](std::string id, start_function start) {
    child_spec& added = to.emplace_back();
    added.id = std::move(id);
    added.start = std::move(start);
    added.restart = child.restart();
    added.shutdown = child.shutdown();
    added.type = child.type();
    added.significant = child.significant();
  };
  if (const auto* supervisor = child.if_supervisor()) {
    // The specs are shared by all incarnations: a supervisor starts from what the file says, whatever was added since.
    auto place = std::make_shared<const supervisor_place>(
        supervisor_place{{above->spec, supervisor}, below(above->path, supervisor->id), above->around});
    add(supervisor->id, [place = std::move(place)] { return start_supervisor_at(place); });
    return;
  }
  const worker_spec& worker = *child.if_worker();
  if (const std::size_t needed = to.size() + worker.processes(); needed > to.capacity()) {
    to.reserve(std::max(needed, 2 * to.capacity()));
  }
  for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
    add(worker.replica_id(number), start_of_worker{above, worker, number});
  }
}

start_result start_supervisor_at(const std::shared_ptr<const supervisor_place>& place) {
  if (is_to_fail(place->around, place->path)) return injected_failure();
  const supervisor_spec& spec = *place->spec;
  supervisor_init init;
  init.flags = {spec.strategy, spec.max_restarts, spec.max_seconds, spec.auto_shutdown};
  init.path = place->path;
  init.observer = place->around.observer;
  init.children.reserve(spec.children.size());
  for (const auto& child : spec.children) append_specs(init.children, place, child);
  return start_supervisor(std::move(init), {.name = spec.name.value_or("")});
}

}  // namespace

start_result start_tree(std::shared_ptr<const supervisor_spec> root, const tree_surroundings& around) {
  std::string path = root->id;
  return start_supervisor_at(
      std::make_shared<const supervisor_place>(supervisor_place{std::move(root), std::move(path), around}));
}

start_result start_tree(supervisor_spec root, const tree_surroundings& around) {
  return start_tree(std::make_shared<const supervisor_spec>(std::move(root)), around);
}

std::vector<child_spec> child_specs_of(const tree_child& child, std::string_view path,
                                       const tree_surroundings& around) {
  // The children of a supervisor of its own: a copy of the one child is all that it has to keep.
  supervisor_spec alone;
  alone.children.push_back(child);
  const auto above = std::make_shared<const supervisor_place>(
      supervisor_place{std::make_shared<const supervisor_spec>(std::move(alone)), std::string{path}, around});
  std::vector<child_spec> made;
  append_specs(made, above, above->spec->children.front());
  return made;
}

}  // namespace coppice
