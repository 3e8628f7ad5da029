#include <doctest/doctest.h>
#include <fmt/format.h>

#include <coppice/chaos/tree_lesson.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/tree/tree_builder.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/storm.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

constexpr std::string_view taught = R"({"id": "root", "max_restarts": 10, "name": "top",
  "cost": {"init_us": 1000000, "handler_us": 0, "terminate_us": 0}, "children": [
  {"id": "a", "start": "till", "restart": "transient", "cost": {"init_us": 2000000}},
  {"id": "pool", "type": "supervisor", "restart": "temporary", "cost": {"init_us": 4000000}, "children": [
    {"id": "c", "start": "till", "count": 2, "name": "clerk", "cost": {"init_us": 8000000}}]}]})";

}  // namespace

TEST_SUITE("tree lesson") {
  TEST_CASE("each process of each worker is named, with its path and its spec") {
    const supervisor_spec root = tree_of(taught);
    chaos_recorder recorder;
    texts told;
    teach_tree(root, recorder, nullptr,
               [&told](const std::string& path, const worker_spec& of) { told.push_back(path + " " + of.id); });
    CHECK(told == texts{"root/a a", "root/pool/c-1 c", "root/pool/c-2 c"});
  }

  TEST_CASE("the recorder learns restart types and names, and the injector costs, of supervisors too") {
    const supervisor_spec root = tree_of(taught);
    recorded_tree tree;
    teach_tree(root, tree.recorder, &tree.injector);
    const coppice::testing::captured_log log;
    runtime_options options;
    options.observer = &tree.recorder;
    options.faults = &tree.injector;
    const int status = simulation{7, options}.run([&] {
      process_flag(trap_exit, true);
      tree.recorder.begin("root", 7, true);
      detail::observe_children(true);
      const auto started = start_tree(
          root, {&workers(), {std::shared_ptr<void>{}, static_cast<supervision_observer*>(&tree.recorder)}, nullptr});
      detail::observe_children(false);
      tree.recorder.root_started(started.process());
      // The default of what is left out is a microsecond.
      CHECK(monotonic_time() == 23s);
      for (const char* const name : {"top", "clerk-1", "nobody"}) {
        tree.recorder.call_failed({}, name, exit_reason::noproc());
      }
      tree.recorder.end();
      detail::end_process(started.process(), exit_reason::shutdown(), std::nullopt);
    });
    CHECK_MESSAGE(status == 0, log.text());
    texts types;
    for (const auto& each : tree.recorder.record().lives) {
      types.push_back(each.path + " " + (each.restart ? std::to_string(static_cast<int>(*each.restart)) : "unknown"));
    }
    const auto number = [](restart_type type) { return std::to_string(static_cast<int>(type)); };
    CHECK(types == texts{"root/a " + number(restart_type::transient),
                         "root/pool/c-1 " + number(restart_type::permanent),
                         "root/pool/c-2 " + number(restart_type::permanent),
                         "root/pool " + number(restart_type::temporary), "root unknown"});
    CHECK(tree.recorder.record().traffic.size() == 2);
    CHECK(tree.recorder.record().traffic.at("root").calls_failed == 1);
    CHECK(tree.recorder.record().traffic.at("root/pool/c-1").calls_failed == 1);
  }
}
