#include <cstdint>
#include <map>
#include <string>

#include <boost/describe/class.hpp>
#include <nlohmann/json.hpp>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/tree_checker.hpp>

#include "supervision/supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace tree_builder_test {

struct view {
  using reply = std::int64_t;
};
struct fail {};

struct initial {
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(initial, (), (value))

class number : public server<number, view, fail> {
 public:
  using args = initial;
  explicit number(args given) : value_{given.value} {}
  std::int64_t handle(view /*asked*/) const { return value_; }
  void handle(fail /*told*/) { exit("boom"); }

 private:
  std::int64_t value_;
};

}  // namespace tree_builder_test

namespace {

using tree_builder_test::fail;
using tree_builder_test::view;

const worker_registry& workers() {
  static const worker_registry made = [] {
    worker_registry one;
    one.add<tree_builder_test::number>("number");
    return one;
  }();
  return made;
}

supervisor_spec tree_of(std::string_view text) {
  fault_list faults{"test.json"};
  const auto json = read_json(text, "a tree", faults);
  REQUIRE_MESSAGE(json.has_value(), faults.text());
  auto tree = check_tree(*json, workers(), faults);
  REQUIRE_MESSAGE(tree.has_value(), faults.text());
  return std::move(*tree);
}

// A tree's root, its starts recorded; ended with the test.
pid grow(grove& here, const supervisor_spec& tree, std::shared_ptr<start_faults> faults = nullptr) {
  detail::observe_children(true);
  const start_result started = start_tree(tree, {&workers(), here.record(), std::move(faults)});
  detail::observe_children(false);
  CHECK(started);
  here.record()->name(started.process(), tree.id);
  return started.process();
}

}  // namespace

TEST_SUITE("tree_builder") {
  TEST_CASE("a tree is started as the file says: depth first, in its order, the paths from the root on") {
    const auto tree = tree_of(R"({"id": "root", "children": [
        {"id": "a", "start": "number"},
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "number"}, {"id": "c", "start": "number"}]},
        {"id": "d", "start": "number"}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      CHECK(here.seen() == texts{"start root/a", "start root/s/b", "start root/s/c", "start root/s", "start root/d"});
      CHECK(states_of(root) == texts{"d running", "s running", "a running"});
      grove::fell(root);
      CHECK(here.seen() == texts{"end root/d shutdown", "end root/s/c shutdown", "end root/s/b shutdown",
                                 "end root/s shutdown", "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("a worker gets its args at each start, and its name") {
    const auto tree = tree_of(R"({"id": "root", "name": "top", "children": [
        {"id": "a", "start": "number", "args": {"value": 7}, "name": "seven"}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      CHECK(whereis("top") == root);
      const pid first = whereis("seven");
      CHECK(call(first, view{}) == 7);
      cast(first, fail{});
      settle();
      CHECK(whereis("seven") != first);
      CHECK(call("seven", view{}) == 7);
      grove::fell(root);
      CHECK_FALSE(whereis("seven"));
    });
  }

  TEST_CASE("count makes so many children, with a number after id and name") {
    const auto tree =
        tree_of(R"({"id": "root", "children": [{"id": "w", "start": "number", "count": 3, "name": "pool"}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      CHECK(states_of(root) == texts{"w-3 running", "w-2 running", "w-1 running"});
      CHECK(whereis("pool-2") == child_of(root, "w-2"));
      CHECK(here.seen() == texts{"start root/w-1", "start root/w-2", "start root/w-3"});
      grove::fell(root);
    });
  }

  TEST_CASE("strategy, budget, restart types, shutdown and significance are the file's") {
    const auto tree = tree_of(R"({"id": "root", "strategy": "one_for_all", "max_restarts": 1, "max_seconds": 60,
        "auto_shutdown": "any_significant", "children": [
        {"id": "a", "start": "number"},
        {"id": "t", "start": "number", "restart": "temporary"},
        {"id": "k", "start": "number", "shutdown": "brutal_kill"},
        {"id": "s", "start": "number", "restart": "transient", "significant": true}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      here.seen();
      cast(child_of(root, "a"), fail{});
      settle();
      CHECK(here.seen() == texts{"end root/a boom", "end root/s shutdown", "end root/k killed", "end root/t shutdown",
                                 "start root/a", "start root/k", "start root/s"});
      sleep(std::chrono::seconds{60});
      cast(child_of(root, "a"), fail{});
      settle();
      CHECK(here.seen().at(1) == "give up root");
    });
  }

  TEST_CASE("a significant child of a tree file ends its supervisor") {
    const auto tree = tree_of(R"({"id": "root", "auto_shutdown": "any_significant", "children": [
        {"id": "s", "start": "number", "restart": "temporary", "significant": true}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      cast(child_of(root, "s"), fail{});
      settle();
      CHECK_FALSE(is_alive(root));
    });
  }

  TEST_CASE("a supervisor that is restarted starts from the file, whatever was added or deleted") {
    const auto tree = tree_of(R"({"id": "root", "children": [
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "number"}]}]})");
    in_grove([&tree](grove& here) {
      const pid root = grow(here, tree);
      const pid first = child_of(root, "s");
      CHECK(outcome(start_child(first, grove::worker("added"))) == "ok");
      terminate_child(first, "b");
      delete_child(first, "b");
      exit(first, exit_reason::kill());
      settle();
      CHECK(states_of(child_of(root, "s")) == texts{"b running"});
      grove::fell(root);
    });
  }

  TEST_CASE("starts that are to fail do so with `injected`, so many times, before anything of them runs") {
    const auto tree = tree_of(R"({"id": "root", "max_restarts": 5, "children": [
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "number"}]}]})");
    in_grove([&tree](grove& here) {
      const auto faults = std::make_shared<start_faults>();
      const pid root = grow(here, tree, faults);
      here.seen();
      faults->fail_next("root/s", 2);
      exit(child_of(root, "s"), exit_reason::kill());
      settle();
      CHECK(here.seen() == texts{"end root/s killed", "end root/s/b killed", "fail root/s injected",
                                 "fail root/s injected", "start root/s/b", "start root/s"});
      grove::fell(root);
    });
  }

  TEST_CASE("a start fault deep in the tree fails the start of all above it") {
    const auto tree = tree_of(R"({"id": "root", "children": [
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "number"}]}]})");
    in_grove([&tree](grove& here) {
      const auto faults = std::make_shared<start_faults>();
      faults->fail_next("root/s/b", 1);
      const start_result started = start_tree(tree, {&workers(), here.record(), faults});
      REQUIRE(started.is_failed());
      CHECK(started.error().to_string() ==
            "{shutdown,{failed_to_start_child,s,{shutdown,{failed_to_start_child,b,injected}}}}");
    });
  }

  TEST_CASE("a name that is taken by somebody else fails the start") {
    const auto tree = tree_of(R"({"id": "root", "children": [{"id": "a", "start": "number", "name": "taken"}]})");
    in_grove([&tree](grove& here) {
      register_name("taken", self());
      const start_result started = start_tree(tree, {&workers(), here.record(), nullptr});
      REQUIRE(started.is_failed());
      CHECK(started.error().to_string().find("already_started") != std::string::npos);
      unregister_name("taken");
    });
  }
}
