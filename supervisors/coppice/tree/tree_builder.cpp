#include <nlohmann/json.hpp>

#include <coppice/process/exit_reason.hpp>
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

// The specs are shared by all incarnations: a supervisor starts from what the file says, whatever was added since.
start_result start_supervisor_of(const std::shared_ptr<const supervisor_spec>& spec, const std::string& path,
                                 const tree_surroundings& around) {
  if (is_to_fail(around, path)) return injected_failure();
  supervisor_init init;
  init.flags = {spec->strategy, spec->max_restarts, spec->max_seconds, spec->auto_shutdown};
  init.path = path;
  init.observer = around.observer;
  for (const auto& child : spec->children) {
    for (auto& each : child_specs_of(child, path, around)) init.children.push_back(std::move(each));
  }
  return start_supervisor(std::move(init), {.name = spec->name.value_or("")});
}

start_function worker_start(const std::shared_ptr<const worker_spec>& spec, std::uint32_t number, std::string path,
                            const tree_surroundings& around) {
  return [spec, number, path = std::move(path), around] {
    if (is_to_fail(around, path)) return injected_failure();
    const worker* const found = around.workers->find(spec->start);
    return found->start(*spec->args,
                        {.name = spec->replica_name(number).value_or(""), .stack = spec->stack.value_or(0)});
  };
}

}  // namespace

start_result start_tree(const supervisor_spec& root, const tree_surroundings& around) {
  return start_supervisor_of(std::make_shared<const supervisor_spec>(root), root.id, around);
}

std::vector<child_spec> child_specs_of(const tree_child& child, std::string_view path,
                                       const tree_surroundings& around) {
  std::vector<child_spec> made;
  child_spec common;
  common.restart = child.restart();
  common.shutdown = child.shutdown();
  common.type = child.type();
  common.significant = child.significant();
  if (const auto* supervisor = child.if_supervisor()) {
    common.id = supervisor->id;
    common.start = [spec = std::make_shared<const supervisor_spec>(*supervisor), own = below(path, supervisor->id),
                    around] { return start_supervisor_of(spec, own, around); };
    made.push_back(std::move(common));
    return made;
  }
  const auto shared = std::make_shared<const worker_spec>(*child.if_worker());
  for (std::uint32_t number = 1; number <= shared->processes(); ++number) {
    child_spec one = common;
    one.id = shared->replica_id(number);
    one.start = worker_start(shared, number, below(path, one.id), around);
    made.push_back(std::move(one));
  }
  return made;
}

}  // namespace coppice
