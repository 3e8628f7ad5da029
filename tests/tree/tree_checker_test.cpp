#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/located_json.hpp>

#include "checked_tree.hpp"

using namespace coppice;
using namespace coppice::tests;
using namespace std::chrono_literals;

namespace {

struct checked_child {
  std::optional<tree_child> child;
  std::string faults;
  std::string bad_combinations;
};

checked_child check_child_text(std::string_view text) {
  fault_list faults{"script.json"};
  fault_list bad_combinations{"script.json"};
  auto const json = read_json(text, "a child", faults);
  REQUIRE(json.has_value());
  auto child = check_child(*json, "/3/spec", fake_catalogue{}, faults, bad_combinations);
  return {std::move(child), faults.text(), bad_combinations.text()};
}

class empty_catalogue : public worker_catalogue {
 public:
  std::vector<std::string_view> names() const override { return {}; }
  bool knows(std::string_view) const override { return false; }
  std::any read_args(std::string_view, nlohmann::json const&, std::vector<arg_fault>&) const override { return {}; }
};

}  // namespace

TEST_SUITE("tree checker") {
  TEST_CASE("what is left out has OTP's defaults") {
    auto const root = checked_tree(R"({"id": "root", "children": [
      {"id": "a", "start": "calc"}, {"id": "s", "type": "supervisor"}]})");
    CHECK(root.strategy == strategy::one_for_one);
    CHECK(root.max_restarts == 1);
    CHECK(root.max_seconds == 5s);
    CHECK(root.auto_shutdown == auto_shutdown::never);
    CHECK_FALSE(root.name.has_value());
    REQUIRE(root.children.size() == 2);

    worker_spec const& a = *root.children[0].if_worker();
    CHECK(a.start == "calc");
    CHECK(*a.args == nlohmann::json::object());
    CHECK(a.restart == restart_type::permanent);
    CHECK(a.shutdown == shutdown_time{5000ms});
    CHECK_FALSE(a.significant);
    CHECK_FALSE(a.name.has_value());
    CHECK_FALSE(a.count.has_value());
    CHECK_FALSE(a.stack.has_value());
    CHECK(a.pointer == "/children/0");

    supervisor_spec const& s = *root.children[1].if_supervisor();
    CHECK(s.restart == restart_type::permanent);
    CHECK(s.shutdown == shutdown_time::infinity());
    CHECK(s.max_restarts == 1);
    CHECK(s.pointer == "/children/1");
  }

  TEST_CASE("what is written is kept") {
    auto const root = checked_tree(R"({"id": "top", "type": "supervisor", "name": "boss", "strategy": "rest_for_one",
      "max_restarts": 0, "max_seconds": 60, "auto_shutdown": "all_significant", "children": [
        {"id": "a", "type": "worker", "start": "calc", "args": {"initial": 2.5}, "restart": "temporary", "shutdown": "brutal_kill",
         "significant": true, "name": "calc", "count": 3, "stack": 65536},
        {"id": "s", "type": "supervisor", "restart": "transient", "shutdown": 0, "significant": true, "strategy": "one_for_all",
         "children": [{"id": "a", "start": "cache", "args": [1], "shutdown": "infinity"}]}]})");
    CHECK(root.id == "top");
    CHECK(root.name == "boss");
    CHECK(root.strategy == strategy::rest_for_one);
    CHECK(root.max_restarts == 0);
    CHECK(root.max_seconds == 60s);
    CHECK(root.auto_shutdown == auto_shutdown::all_significant);

    worker_spec const& a = *root.children[0].if_worker();
    CHECK(a.args->at("initial") == 2.5);
    CHECK(a.restart == restart_type::temporary);
    CHECK(a.shutdown.is_brutal_kill());
    CHECK(a.significant);
    CHECK(a.stack == 65536);
    CHECK(a.count == 3U);

    supervisor_spec const& s = *root.children[1].if_supervisor();
    CHECK(s.strategy == strategy::one_for_all);
    CHECK(s.restart == restart_type::transient);
    CHECK(s.shutdown == shutdown_time{0ms});
    CHECK(s.significant);
    CHECK(s.children[0].shutdown().is_infinity());
    CHECK(s.children[0].pointer() == "/children/1/children/0");
    CHECK(process_count(root) == 6);
  }

  TEST_CASE("a cost is one time for all steps, or one for each; left out, a step takes a microsecond") {
    auto const root = checked_tree(R"({"id": "root", "cost": 0.5, "children": [
      {"id": "a", "start": "calc", "cost": {"init_us": 1000, "handler_us": 0.001, "distribution": "exponential"}},
      {"id": "s", "type": "supervisor", "cost": {"terminate_us": 0, "distribution": "uniform"}},
      {"id": "b", "start": "calc"}, {"id": "c", "start": "calc", "cost": 86400000000}]})");
    CHECK(root.cost.init == 500ns);
    CHECK(root.cost.handler == 500ns);
    CHECK(root.cost.terminate == 500ns);
    CHECK(root.cost.spread == virtual_cost::distribution::constant);

    virtual_cost const a = root.children[0].if_worker()->cost;
    CHECK(a.init == 1ms);
    CHECK(a.handler == 1ns);
    CHECK(a.terminate == 1us);
    CHECK(a.spread == virtual_cost::distribution::exponential);

    virtual_cost const s = root.children[1].if_supervisor()->cost;
    CHECK(s.init == 1us);
    CHECK(s.terminate == 0ns);
    CHECK(s.spread == virtual_cost::distribution::uniform);

    CHECK(root.children[2].if_worker()->cost.handler == 1us);
    CHECK(root.children[3].if_worker()->cost.init == 24h);
  }

  TEST_CASE("replicas are numbered from 1, their names too") {
    auto const root = checked_tree(
        R"({"id": "root", "children": [{"id": "calc", "start": "calc", "count": 2, "name": "pool"}, {"id": "a", "start": "calc", "name": "b"}]})");
    worker_spec const& calc = *root.children[0].if_worker();
    CHECK(calc.processes() == 2);
    CHECK(calc.replica_id(1) == "calc-1");
    CHECK(calc.replica_id(2) == "calc-2");
    CHECK(calc.replica_name(2) == "pool-2");
    worker_spec const& a = *root.children[1].if_worker();
    CHECK(a.replica_id(1) == "a");
    CHECK(a.replica_name(1) == "b");
  }

  TEST_CASE("one replica is numbered as well") {
    auto const root = checked_tree(R"({"id": "root", "children": [{"id": "calc", "start": "calc", "count": 1}]})");
    CHECK(root.children[0].if_worker()->replica_id(1) == "calc-1");
  }

  TEST_CASE("the same id may occur under different supervisors") {
    CHECK(
        faults_of_tree(
            R"({"id": "a", "children": [{"id": "a", "type": "supervisor", "children": [{"id": "a", "start": "calc"}]}]})") ==
        "");
  }

  TEST_CASE("faults of an arg that is missing stand at the args") {
    CHECK(faults_of_tree(R"({"id": "root", "children": [{"id": "a", "start": "calc", "args": {"initial": null}}]})") ==
          "test.json:/children/0/args/initial: expected a number; got null. Leave it out for 0.\n");
  }

  TEST_CASE("numbers out of range are refused at the very limit") {
    auto const tree = [](std::string const& key, std::string const& value) {
      return faults_of_tree("{\"id\": \"root\", \"children\": [{\"id\": \"a\", \"start\": \"calc\", \"" + key +
                            "\": " + value + "}]}");
    };
    CHECK(tree("shutdown", "4294967295") == "");
    CHECK(tree("shutdown", "4294967296") != "");
    CHECK(tree("shutdown", "-0") == "");
    CHECK(tree("count", "9999999") == "");
    CHECK(tree("count", "10000000") ==
          "test.json: the tree has 10,000,001 processes, replicas and supervisors included; at most 10,000,000 are "
          "allowed. Lower a "
          "\"count\".\n");
    CHECK(tree("stack", "16384") == "");
    CHECK(tree("stack", "16383") != "");
    CHECK(tree("stack", "67108864") == "");
  }

  TEST_CASE("a program without workers says so") {
    fault_list faults{"test.json"};
    auto const json = read_json(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})", "a tree", faults);
    REQUIRE(json.has_value());
    CHECK_FALSE(check_tree(*json, empty_catalogue{}, faults).has_value());
    CHECK(faults.text() == "test.json:/children/0/start: nothing is registered as \"calc\". Nothing is registered.\n");
  }

  TEST_CASE("an argument beyond 64 bits is named by its own pointer, however deep") {
    CHECK(
        faults_of_tree(
            R"({"id": "root", "children": [{"id": "a", "start": "cache", "args": [0, {"x/y": [1, -99999999999999999999]}]}]})")
            .starts_with("test.json:/children/0/args/1/x~1y/1: expected a number that fits into 64 bits; got "
                         "-99999999999999999999."));
  }
}

TEST_SUITE("child checker") {
  TEST_CASE("a child alone is checked like one of a tree, with the pointer in front") {
    auto const good = check_child_text(R"({"id": "a", "start": "calc", "args": {"initial": 3}})");
    REQUIRE(good.child.has_value());
    CHECK(good.child->id() == "a");
    CHECK(good.child->pointer() == "/3/spec");
    auto const bad = check_child_text(R"({"id": "a", "start": "clac"})");
    CHECK_FALSE(bad.child.has_value());
    CHECK(bad.faults ==
          "script.json:/3/spec/start: nothing is registered as \"clac\"; did you mean \"calc\"? Registered: cache, "
          "calc.\n");
  }

  TEST_CASE("a forbidden significant is no fault of a child alone, but reported apart") {
    auto const permanent = check_child_text(R"({"id": "a", "start": "calc", "significant": true})");
    CHECK(permanent.child.has_value());
    CHECK(permanent.faults == "");
    CHECK(permanent.bad_combinations.starts_with("script.json:/3/spec: \"significant\" needs \"restart\""));

    auto const nested = check_child_text(R"({"id": "s", "type": "supervisor", "children": [
      {"id": "a", "start": "calc", "restart": "transient", "significant": true}]})");
    CHECK(nested.child.has_value());
    CHECK(nested.bad_combinations.starts_with("script.json:/3/spec/children/0: \"significant\" needs a supervisor"));
  }

  TEST_CASE("whether the running supervisor allows a significant child is not known here") {
    auto const transient =
        check_child_text(R"({"id": "a", "start": "calc", "restart": "transient", "significant": true})");
    CHECK(transient.child.has_value());
    CHECK(transient.child->significant());
    CHECK(transient.bad_combinations == "");
  }

  TEST_CASE("start_child starts one child, so that a count is a fault") {
    CHECK(check_child_text(R"({"id": "a", "start": "calc", "count": 2})")
              .faults.starts_with("script.json:/3/spec/count: \"count\" belongs into"));
    CHECK(
        check_child_text(R"({"id": "s", "type": "supervisor", "children": [{"id": "a", "start": "calc", "count": 2}]})")
            .child.has_value());
  }
}
