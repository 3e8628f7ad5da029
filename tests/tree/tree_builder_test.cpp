#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/chaos/doctest.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/tree_checker.hpp>

#include "process/process_testing.hpp"
#include "shown_lines.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

struct halt {
  exit_reason reason;
};

class plain_worker : public server<plain_worker, halt> {
 public:
  void handle(halt told) { exit(std::move(told.reason)); }
};

// Workers whose starts are written down: `plain {"initial":5} name=a stack=65536`.
class recording_workers {
 public:
  recording_workers() {
    registry_.add("plain", {.read = {},
                            .start =
                                [this](const worker_args& args, start_options options) {
                                  starts.push_back(args.json.dump() + " name=" + options.name +
                                                   " stack=" + std::to_string(options.stack));
                                  return start_link<plain_worker>(std::move(options));
                                },
                            .handlers = {}});
    registry_.add("reading", {.read =
                                  [this](const nlohmann::json& args, std::vector<arg_fault>&) {
                                    ++reads;
                                    return std::any{args.at("initial").get<int>()};
                                  },
                              .start =
                                  [this](const worker_args& args, start_options options) {
                                    starts.push_back("with " + std::to_string(std::any_cast<int>(args.read)));
                                    return start_link<plain_worker>(std::move(options));
                                  },
                              .handlers = {}});
    registry_.add("ignoring",
                  {.read = {},
                   .start = [](const worker_args&, const start_options&) { return start_result::ignored(); },
                   .handlers = {}});
    registry_.add("failing", {.read = {},
                              .start = [](const worker_args&, const start_options&) -> start_result {
                                throw coppice::error{"no_disk"};
                              },
                              .handlers = {}});
  }
  recording_workers(const recording_workers&) = delete;
  recording_workers& operator=(const recording_workers&) = delete;

  const worker_registry& registry() const noexcept { return registry_; }

  lines starts;
  int reads = 0;

 private:
  worker_registry registry_;
};

// Writes down what supervisors say: `started root/a`, `failed root/a no_disk`, `limit root`.
class record final : public supervision_observer {
 public:
  void child_started(std::string_view path, child_type type, pid child, pid) noexcept override {
    said.push_back("started " + std::string{path} + (type == child_type::supervisor ? "/" : ""));
    processes.insert_or_assign(std::string{path}, child);
  }
  void child_start_failed(std::string_view path, const exit_reason& reason, pid) noexcept override {
    said.push_back("failed " + std::string{path} + " " + reason.to_string());
  }
  void restart_limit_reached(std::string_view path, pid) noexcept override {
    said.push_back("limit " + std::string{path});
  }

  lines taken() { return std::exchange(said, {}); }
  pid at(const std::string& path) const {
    const auto found = processes.find(path);
    return found != processes.end() ? found->second : pid{};
  }

  lines said;
  std::map<std::string, pid> processes;
};

supervisor_spec checked(std::string_view text, const worker_registry& workers) {
  fault_list found{"test.json"};
  const auto json = read_json(text, "a tree", found);
  std::optional<supervisor_spec> tree;
  if (json) tree = check_tree(*json, workers, found);
  CHECK_MESSAGE(tree.has_value(), found.text());
  return tree ? std::move(*tree) : supervisor_spec{};
}

// A tree that a test starts, and what is said of it.
struct grown {
  recording_workers workers;
  std::shared_ptr<record> seen = std::make_shared<record>();
  std::shared_ptr<start_faults> faults = std::make_shared<start_faults>();
  pid root;

  tree_surroundings around() const { return {&workers.registry(), seen, faults}; }

  supervisor_spec checked(std::string_view text) const { return ::checked(text, workers.registry()); }

  // The spec is gone when this returns: what is restarted later has its own hold of it.
  start_result start(std::string_view text) {
    start_result started = start_tree(checked(text), around());
    root = started.process();
    return started;
  }

  void end(const std::string& path, std::string_view reason = "boom") const {
    cast(seen->at(path), halt{exit_reason::parse(reason)});
    await_quiescence();
  }
};

// `body` with a tree, in virtual time, trapping exits; the root is ended afterwards.
template <class Body>
void with_tree(Body body) {
  in_virtual_time([&body] {
    process_flag(trap_exit, true);
    grown tree;
    body(tree);
    if (tree.root) detail::end_process(tree.root, exit_reason::shutdown(), std::nullopt);
  });
}

lines children_of(pid supervisor) {
  lines told;
  for (const auto& each : which_children(supervisor)) {
    told.push_back(each.id + (each.type == child_type::supervisor ? "/ " : " ") + std::string{to_string(each.status)});
  }
  return told;
}

}  // namespace

TEST_SUITE("tree builder") {
  TEST_CASE("a tree is started in the order of the file, its paths beginning with the root's id") {
    with_tree([](grown& tree) {
      CHECK(static_cast<bool>(tree.start(R"({"id": "shop", "children": [
          {"id": "a", "start": "plain"},
          {"id": "s", "type": "supervisor", "children": [
            {"id": "t", "type": "supervisor", "children": [{"id": "a", "start": "plain"}]},
            {"id": "b", "start": "plain"}]},
          {"id": "c", "start": "plain"}]})")));
      CHECK(tree.seen->taken() == lines{"started shop/a", "started shop/s/t/a", "started shop/s/t/", "started shop/s/b",
                                        "started shop/s/", "started shop/c"});
      CHECK(children_of(tree.root) == lines{"c running", "s/ running", "a running"});
    });
  }

  TEST_CASE("args are read when the tree is checked, once for all replicas and all their lives") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [
          {"id": "a", "start": "reading", "args": {"initial": 7}, "count": 2}]})");
      tree.end("root/a-1");
      CHECK(tree.workers.starts == lines{"with 7", "with 7", "with 7"});
      CHECK(tree.workers.reads == 1);
    });
  }

  TEST_CASE("the root is linked to who starts it") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": []})");
      const pid root = std::exchange(tree.root, pid{});
      exit(root, exit_reason::kill());
      const exit_signal ended = next<exit_signal>();
      CHECK(ended.sender == root);
      CHECK(ended.reason == exit_reason::killed());
    });
  }

  TEST_CASE("replicas are children of their own, numbered from 1") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [
          {"id": "calc", "start": "plain", "count": 3}, {"id": "one", "start": "plain", "count": 1}]})");
      CHECK(tree.seen->taken() ==
            lines{"started root/calc-1", "started root/calc-2", "started root/calc-3", "started root/one-1"});
      CHECK(children_of(tree.root) == lines{"one-1 running", "calc-3 running", "calc-2 running", "calc-1 running"});
    });
  }

  TEST_CASE("a replica is restarted alone") {
    const recording_workers workers;
    over_seeds(10, [&workers](tree_fixture& test) {
      test.plant(
          checked(R"({"id": "root", "children": [{"id": "calc", "start": "plain", "count": 3}]})", workers.registry()),
          workers.registry());
      test.take_events();
      test.expect_restart(test.cut("root/calc-2"));
      CHECK(test.take_events() == lines{"exited root/calc-2 1 killed", "started root/calc-2 2"});
    });
  }

  TEST_CASE("names are registered, those of replicas with their number") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "name": "shop", "children": [
          {"id": "a", "start": "plain", "name": "store"},
          {"id": "b", "start": "plain", "name": "desk", "count": 2},
          {"id": "s", "type": "supervisor", "name": "back", "children": []}]})");
      CHECK(whereis("shop") == tree.root);
      CHECK(whereis("store") == tree.seen->at("root/a"));
      CHECK(whereis("desk-1") == tree.seen->at("root/b-1"));
      CHECK(whereis("desk-2") == tree.seen->at("root/b-2"));
      CHECK_FALSE(whereis("desk"));
      CHECK(whereis("back") == tree.seen->at("root/s"));
      const pid before = tree.seen->at("root/a");
      tree.end("root/a");
      CHECK(whereis("store") == tree.seen->at("root/a"));
      CHECK(whereis("store") != before);
    });
  }

  TEST_CASE("a name that is taken is a failed start") {
    with_tree([](grown& tree) {
      const pid here = self();
      register_name("store", here);
      const start_result started =
          tree.start(R"({"id": "root", "children": [{"id": "a", "start": "plain", "name": "store"}]})");
      CHECK(started.error().to_string() ==
            "{shutdown,{failed_to_start_child,a,{already_started," + to_string(here) + "}}}");
    });
  }

  TEST_CASE("a worker gets its args, its name and its stack at each start") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [
          {"id": "a", "start": "plain", "args": {"initial": 5}, "name": "store", "stack": 1048576},
          {"id": "b", "start": "plain", "count": 2, "stack": 65536},
          {"id": "c", "start": "plain"}]})");
      CHECK(std::exchange(tree.workers.starts, {}) == lines{R"({"initial":5} name=store stack=1048576)",
                                                            "{} name= stack=65536", "{} name= stack=65536",
                                                            "{} name= stack=0"});
      tree.end("root/a");
      CHECK(tree.workers.starts == lines{R"({"initial":5} name=store stack=1048576)"});
    });
  }

  TEST_CASE("a child spec has what the file says of the child") {
    with_tree([](grown& tree) {
      const supervisor_spec root = tree.checked(R"({"id": "root", "auto_shutdown": "any_significant", "children": [
          {"id": "a", "start": "plain", "restart": "transient", "shutdown": 70, "significant": true, "count": 2},
          {"id": "b", "start": "plain", "restart": "temporary", "shutdown": "brutal_kill"},
          {"id": "c", "start": "plain"},
          {"id": "s", "type": "supervisor", "restart": "transient", "shutdown": 80},
          {"id": "t", "type": "supervisor"}]})");
      std::vector<child_spec> made;
      for (const auto& each : root.children) {
        for (auto& one : child_specs_of(each, "root", tree.around())) made.push_back(std::move(one));
      }
      lines told;
      for (const auto& each : made) {
        const shutdown_time shutdown = each.shutdown.value_or(shutdown_time::default_of(each.type));
        told.push_back(each.id + " " + std::string{to_string(each.type)} + " " + std::string{to_string(each.restart)} +
                       " " +
                       (shutdown.is_infinity()      ? "infinity"
                        : shutdown.is_brutal_kill() ? "brutal_kill"
                                                    : std::to_string(shutdown.limit().count())) +
                       (each.significant ? " significant" : ""));
      }
      CHECK(told == lines{"a-1 worker transient 70 significant", "a-2 worker transient 70 significant",
                          "b worker temporary brutal_kill", "c worker permanent 5000", "s supervisor transient 80",
                          "t supervisor permanent infinity"});
      CHECK(tree.workers.starts.empty());
    });
  }

  TEST_CASE("a nested supervisor has its own strategy") {
    const recording_workers workers;
    over_seeds(10, [&workers](tree_fixture& test) {
      test.plant(checked(R"({"id": "root", "children": [
          {"id": "all", "type": "supervisor", "strategy": "one_for_all", "children": [
            {"id": "a", "start": "plain"}, {"id": "b", "start": "plain"}, {"id": "c", "start": "plain"}]},
          {"id": "rest", "type": "supervisor", "strategy": "rest_for_one", "children": [
            {"id": "a", "start": "plain"}, {"id": "b", "start": "plain"}, {"id": "c", "start": "plain"}]},
          {"id": "one", "type": "supervisor", "children": [
            {"id": "a", "start": "plain"}, {"id": "b", "start": "plain"}, {"id": "c", "start": "plain"}]}]})",
                         workers.registry()),
                 workers.registry());
      test.take_events();
      const pid all_b = test.cut("root/all/b");
      test.expect_restart(all_b);
      test.expect_restart("root/all/c");
      CHECK(test.take_events() == lines{"exited root/all/b 1 killed", "exited root/all/c 1 shutdown",
                                        "exited root/all/a 1 shutdown", "started root/all/a 2", "started root/all/b 2",
                                        "started root/all/c 2"});
      test.cut("root/rest/b");
      test.expect_restart("root/rest/c");
      CHECK(test.take_events() == lines{"exited root/rest/b 1 killed", "exited root/rest/c 1 shutdown",
                                        "started root/rest/b 2", "started root/rest/c 2"});
      test.cut("root/one/b");
      test.advance(1s);
      CHECK(test.take_events() == lines{"exited root/one/b 1 killed", "started root/one/b 2"});
    });
  }

  TEST_CASE("a nested supervisor has its own budget, in its own window") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "max_restarts": 2, "max_seconds": 60,
          "children": [{"id": "a", "start": "plain"}]}]})");
      tree.end("root/s/a");
      tree.end("root/s/a");
      sleep(62s);
      tree.end("root/s/a");
      tree.end("root/s/a");
      sleep(58s);
      tree.seen->taken();
      tree.end("root/s/a");
      CHECK(tree.seen->taken() == lines{"limit root/s", "started root/s/a", "started root/s/"});
    });
  }

  TEST_CASE("a nested supervisor shuts itself down by its own auto_shutdown") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "restart": "temporary",
          "auto_shutdown": "any_significant", "children": [
            {"id": "a", "start": "plain", "restart": "temporary", "significant": true},
            {"id": "b", "start": "plain"}]}]})");
      tree.end("root/s/a");
      CHECK(children_of(tree.root).empty());
      CHECK_FALSE(is_alive(tree.seen->at("root/s/b")));
    });
  }

  TEST_CASE("a restarted supervisor starts from the file, whatever was added and deleted since") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "name": "pool", "children": [
          {"id": "a", "start": "plain", "args": {"initial": 1}}, {"id": "b", "start": "plain", "count": 2}]}]})");
      const pid before = tree.seen->at("root/s");
      CHECK_FALSE(terminate_child(before, "a"));
      CHECK_FALSE(delete_child(before, "a"));
      CHECK(static_cast<bool>(start_child(
          before,
          {.id = "c", .start = [] { return start_link<plain_worker>(); }, .restart = restart_type::permanent})));
      CHECK(children_of(before) == lines{"c running", "b-2 running", "b-1 running"});
      tree.seen->taken();
      tree.workers.starts.clear();
      exit(before, exit_reason::kill());
      await_quiescence();
      CHECK(tree.seen->taken() ==
            lines{"started root/s/a", "started root/s/b-1", "started root/s/b-2", "started root/s/"});
      const pid after = tree.seen->at("root/s");
      CHECK(after != before);
      CHECK(children_of(after) == lines{"b-2 running", "b-1 running", "a running"});
      CHECK(tree.workers.starts.front() == R"({"initial":1} name= stack=0)");
      CHECK(whereis("pool") == after);
    });
  }

  TEST_CASE("a tree without observer and faults is a tree") {
    with_tree([](grown& tree) {
      const start_result started =
          start_tree(tree.checked(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "children": [
              {"id": "a", "start": "plain"}]}]})"),
                     {&tree.workers.registry(), nullptr, nullptr});
      tree.root = started.process();
      CHECK(children_of(tree.root) == lines{"s/ running"});
      CHECK(tree.seen->said.empty());
    });
  }

  TEST_CASE("what a worker's start throws or answers is the child's") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "children": [
          {"id": "a", "start": "ignoring"}, {"id": "b", "start": "ignoring", "restart": "temporary"}]})");
      CHECK(children_of(tree.root) == lines{"a undefined"});
    });
    with_tree([](grown& tree) {
      const start_result started = tree.start(R"({"id": "root", "children": [{"id": "s", "type": "supervisor",
          "children": [{"id": "a", "start": "plain"}, {"id": "b", "start": "failing"}]}]})");
      CHECK(started.error().to_string() ==
            "{shutdown,{failed_to_start_child,s,{shutdown,{failed_to_start_child,b,no_disk}}}}");
      CHECK(tree.seen->taken() == lines{"started root/s/a", "failed root/s/b no_disk",
                                        "failed root/s {shutdown,{failed_to_start_child,b,no_disk}}"});
    });
  }
}

TEST_SUITE("tree builder's injected failures") {
  TEST_CASE("the next starts of a path fail, whatever they are for") {
    with_tree([](grown& tree) {
      tree.start(R"({"id": "root", "max_restarts": 5, "children": [{"id": "a", "start": "plain", "count": 2}]})");
      tree.seen->taken();
      tree.faults->fail_next("root/a-2", 2);
      tree.end("root/a-1");
      CHECK(tree.seen->taken() == lines{"started root/a-1"});
      tree.end("root/a-2");
      CHECK(tree.seen->taken() == lines{"failed root/a-2 injected", "failed root/a-2 injected", "started root/a-2"});
      tree.faults->fail_next("root/a-2", 1);
      CHECK_FALSE(terminate_child(tree.root, "a-2"));
      CHECK(restart_child(tree.root, "a-2").error() == child_error::start_failed);
      CHECK(static_cast<bool>(restart_child(tree.root, "a-2")));
    });
  }

  TEST_CASE("a supervisor's start fails before any of its children is started") {
    with_tree([](grown& tree) {
      tree.faults->fail_next("root/s", 1);
      const start_result started = tree.start(
          R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "children": [{"id": "a", "start": "plain"}]}]})");
      CHECK(started.error().to_string() == "{shutdown,{failed_to_start_child,s,injected}}");
      CHECK(tree.seen->taken() == lines{"failed root/s injected"});
      CHECK(tree.workers.starts.empty());
    });
  }

  TEST_CASE("the root's start can fail too") {
    with_tree([](grown& tree) {
      tree.faults->fail_next("root", 1);
      CHECK(tree.start(R"({"id": "root"})").error() == exit_reason{"injected"});
      CHECK(static_cast<bool>(tree.start(R"({"id": "root"})")));
    });
  }

  TEST_CASE("the number is set, not added, and 0 clears it") {
    with_tree([](grown& tree) {
      tree.faults->fail_next("root", 2);
      tree.faults->fail_next("root", 1);
      CHECK(tree.start(R"({"id": "root"})").is_failed());
      tree.faults->fail_next("root", 1);
      tree.faults->fail_next("root", 0);
      CHECK(static_cast<bool>(tree.start(R"({"id": "root"})")));
    });
  }
}
