#include <chrono>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/tree_file.hpp>

#include "fake_catalogue.hpp"
#include "plan_workers.hpp"
#include "temporary_directory.hpp"

using namespace coppice;
using namespace coppice::tests;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

chaos_plan checked_plan(std::string_view text) {
  fault_list faults{"plan.json"};
  const auto read = read_json(text, "a plan", faults);
  REQUIRE_MESSAGE(read.has_value(), faults.text());
  auto plan = check_chaos_plan(*read, "", plan_tree(), plan_workers(), faults);
  REQUIRE_MESSAGE(plan.has_value(), faults.text());
  return std::move(*plan);
}

// The only fault of a plan of a second.
chaos_fault checked_fault(const std::string& text) {
  chaos_plan plan = checked_plan(R"({"duration_ms": 1000, "faults": [)" + text + "]}");
  REQUIRE(plan.phases.size() == 1);
  REQUIRE(plan.phases.front().faults.size() == 1);
  return std::move(plan.phases.front().faults.front());
}

chaos_harm checked_harm(const std::string& how) {
  const chaos_fault fault = checked_fault(R"({"victims": "leaf", "how": )" + how + "}");
  REQUIRE(fault.how.size() == 1);
  return fault.how.front();
}

std::string said(const std::string& how) {
  return to_string(checked_harm(how));
}

}  // namespace

TEST_SUITE("chaos plan") {
  TEST_CASE("what is left out has its default: a kill of one victim about once a second") {
    const chaos_plan plan = checked_plan(R"({"duration_ms": 60000, "faults": [{"victims": "leaf"}]})");
    CHECK_FALSE(plan.seed.has_value());
    REQUIRE(plan.phases.size() == 1);
    CHECK(plan.phases[0].name.empty());
    CHECK(plan.phases[0].duration == 60s);
    CHECK(plan.load.empty());
    CHECK(plan.expect.empty());
    const chaos_fault& fault = plan.phases[0].faults.at(0);
    CHECK(fault.victims.paths.empty());
    CHECK(fault.victims.except.empty());
    CHECK(fault.victims.of == chaos_victims::kind::worker);
    CHECK(fault.count == 1);
    CHECK_FALSE(fault.share.has_value());
    REQUIRE(fault.how.size() == 1);
    CHECK(std::holds_alternative<harm::kill>(fault.how[0]));
    CHECK(fault.per_second == 1);
    CHECK(fault.spread == chaos_fault::distribution::poisson);
    CHECK(fault.pointer == "/faults/0");
    CHECK_FALSE(plan.limits.availability.has_value());
    CHECK_FALSE(plan.limits.give_ups.has_value());
  }

  TEST_CASE("phases follow each other, and one without a name is called by its number") {
    const chaos_plan plan = checked_plan(R"({"seed": 18446744073709551615, "phases": [
      {"name": "storm", "duration_ms": 10000, "faults": [{"victims": "any"}, {"victims": "root/store"}]},
      {"duration_ms": 0.5}]})");
    CHECK(plan.seed == 18446744073709551615U);
    REQUIRE(plan.phases.size() == 2);
    CHECK(plan.phases[0].name == "storm");
    CHECK(plan.phases[0].faults.at(1).pointer == "/phases/0/faults/1");
    CHECK(plan.phases[1].name == "phase 2");
    CHECK(plan.phases[1].duration == 500us);
    CHECK(plan.phases[1].faults.empty());
    CHECK(plan.duration() == 10'000'500us);
  }

  TEST_CASE("victims are patterns, and a kind beside them takes only its own") {
    const chaos_victims all = checked_fault(R"({"victims": "any"})").victims;
    CHECK(matches(all, "root", true));
    CHECK(matches(all, "root/pool/calc-7", false));

    const chaos_victims supervisors = checked_fault(R"({"victims": "supervisor"})").victims;
    CHECK(matches(supervisors, "root/pool", true));
    CHECK_FALSE(matches(supervisors, "root/store", false));

    const chaos_victims both = checked_fault(R"({"victims": ["root/pool/*", "root/store"]})").victims;
    CHECK(matches(both, "root/store", false));
    CHECK(matches(both, "root/pool/calc-100", false));
    CHECK_FALSE(matches(both, "root/pool", true));
    CHECK_FALSE(matches(both, "root/cache", false));

    const chaos_victims below =
        checked_fault(R"({"victims": ["root/pool/**", "leaf"], "except": ["root/pool/calc-1", "root/**/calc-2*"]})")
            .victims;
    CHECK(matches(below, "root/pool/calc-3", false));
    CHECK_FALSE(matches(below, "root/pool", true));
    CHECK_FALSE(matches(below, "root/pool/calc-1", false));
    CHECK_FALSE(matches(below, "root/pool/calc-25", false));
    CHECK_FALSE(matches(below, "root/store", false));
  }

  TEST_CASE("how many, how often and when is kept as written") {
    const chaos_fault share =
        checked_fault(R"({"victims": "leaf", "share": 12.5, "per_second": 0.25, "distribution": "regular"})");
    CHECK(share.share == 12.5);
    CHECK(share.per_second == 0.25);
    CHECK(share.spread == chaos_fault::distribution::regular);
    const chaos_fault once = checked_fault(R"({"victims": "leaf", "count": 7, "distribution": "once"})");
    CHECK(once.count == 7);
    CHECK(once.spread == chaos_fault::distribution::once);
  }

  TEST_CASE("each way of hitting is read, and says what it is") {
    CHECK(said(R"("kill")") == "kill");
    CHECK(said(R"({"crash": "boom"})") == "crash boom");
    CHECK(said(R"({"throw": "no \"disk\""})") == R"(throw "no \"disk\"")");
    CHECK(said(R"({"exit": "{shutdown,x}"})") == "exit {shutdown,x}");
    CHECK(said(R"({"fail_starts": 3})") == "fail 3 starts");
    CHECK(said(R"({"fail_starts": 1})") == "fail 1 start");
    CHECK(said(R"("hang")") == "hang");
    CHECK(said(R"({"hang_ms": 5000})") == "hang 5 s");
    CHECK(said(R"({"slow_ms": 20, "lasting_ms": 1500})") == "slow 20 ms for 1.5 s");
    CHECK(said(R"({"delay_ms": 0.000001, "lasting_ms": 0.25})") == "delay 1 ns for 250 µs");
    CHECK(said(R"({"bad_alloc": 3})") == "bad_alloc 3");
    CHECK(std::get<harm::hang>(checked_harm(R"({"hang_ms": 0.3})")).time == 300us);
    CHECK(checked_fault(R"({"victims": "leaf", "how": ["kill", "hang", {"crash": "a"}]})").how.size() == 3);
  }

  TEST_CASE("a message that is only a name has no fields, and others are kept as written") {
    const chaos_plan plan = checked_plan(R"({"duration_ms": 1000, "load": [
      {"call": ["root/store", "root/pool/*"], "message": "view", "per_second": 100, "timeout_ms": 250},
      {"cast": "leaf", "except": "root/cache", "message": {"add": 1}}]})");
    REQUIRE(plan.load.size() == 2);
    CHECK(plan.load[0].is_call);
    CHECK(*plan.load[0].message == json{{"view", nullptr}});
    CHECK(plan.load[0].per_second == 100);
    CHECK(plan.load[0].timeout == 250ms);
    CHECK(plan.load[0].to.paths.size() == 2);
    CHECK(plan.load[0].pointer == "/load/0");
    CHECK_FALSE(plan.load[1].is_call);
    CHECK(*plan.load[1].message == json{{"add", 1}});
    CHECK(plan.load[1].per_second == 1);
    CHECK(plan.load[1].timeout == 5s);
    CHECK(matches(plan.load[1].to, "root/store", false));
    CHECK_FALSE(matches(plan.load[1].to, "root/cache", false));
    CHECK(plan.phases.size() == 1);
    CHECK(plan.phases[0].faults.empty());
  }

  TEST_CASE("messages for a pattern go to the workers that it matches, not to their supervisor") {
    const chaos_plan plan =
        checked_plan(R"({"duration_ms": 1000, "load": [{"cast": "root/pool/**", "message": {"add": 1}}]})");
    CHECK(matches(plan.load.at(0).to, "root/pool/calc-1", false));
    CHECK_FALSE(matches(plan.load.at(0).to, "root/pool", true));
  }

  TEST_CASE("an expectation is a call and its answer, and a limit a number") {
    const chaos_plan plan = checked_plan(R"({"duration_ms": 1000, "load": [{"call": "root/store", "message": "view"}],
      "expect": [{"call": "root/pool/calc-7", "message": "view", "equals": 150}],
      "limits": {"recovery_median_ms": 0.5, "recovery_p99_ms": 50, "recovery_max_ms": 1000, "availability": 99.9,
                 "give_ups": 0, "lost_messages": 1, "failed_calls": 2, "blast_radius": 10}})");
    REQUIRE(plan.expect.size() == 1);
    CHECK(plan.expect[0].path == "root/pool/calc-7");
    CHECK(*plan.expect[0].message == json{{"view", nullptr}});
    CHECK(*plan.expect[0].equals == 150);
    CHECK(plan.expect[0].pointer == "/expect/0");
    CHECK(plan.limits.recovery_median_ms == 0.5);
    CHECK(plan.limits.recovery_p99_ms == 50);
    CHECK(plan.limits.recovery_max_ms == 1000);
    CHECK(plan.limits.availability == 99.9);
    CHECK(plan.limits.give_ups == 0U);
    CHECK(plan.limits.lost_messages == 1U);
    CHECK(plan.limits.failed_calls == 2U);
    CHECK(plan.limits.blast_radius == 10U);
  }

  TEST_CASE("a tree file may hold a plan, whose places are those of the file") {
    const temporary_directory directory;
    const tree_file read =
        read_tree_file(directory.write("tree.json", R"({"id": "root", "children": [{"id": "a", "start": "calc"}],
          "chaos": {"duration_ms": 1000, "faults": [{"victims": "root/a"}]}})"),
                       fake_catalogue{});
    REQUIRE(read.root.has_value());
    REQUIRE(read.chaos.has_value());
    CHECK(read.chaos->phases.at(0).faults.at(0).pointer == "/chaos/faults/0");
    CHECK_FALSE(read_tree_file("tests/good_trees/for_plans.json", fake_catalogue{}).chaos.has_value());
  }

  TEST_CASE("a key of a tree that stands twice is a fault of its plan too") {
    const temporary_directory directory;
    const tree_file read = read_tree_file(
        directory.write("tree.json",
                        R"({"id": "root", "id": "root", "chaos": {"duration_ms": 1, "faults": [{"victims": "any"}]}})"),
        fake_catalogue{});
    CHECK_FALSE(read.root.has_value());
    CHECK_FALSE(read.chaos.has_value());
  }

  TEST_CASE("a pattern for one of ten million replicas is checked without a look at each") {
    const temporary_directory directory;
    const auto faults_for = [&](const std::string& victims) {
      return read_tree_file(directory.write("tree.json", R"({"id": "root", "children": [
          {"id": "calc", "start": "calc", "count": 9999998}, {"id": "last", "start": "calc"}],
          "chaos": {"duration_ms": 1, "faults": [{"victims": ")" +
                                                             victims + R"("}]}})"),
                            fake_catalogue{})
          .faults.text();
    };
    for (int i = 0; i < 100; ++i) CHECK(faults_for("root/last") == "");
    CHECK(faults_for("root/calc-9999998") == "");
    CHECK(faults_for("**/calc-*98") == "");
    CHECK(
        faults_for("root/calc-9999999")
            .ends_with("the tree has no process \"root/calc-9999999\"; did you mean \"root/calc-9999998\"? There are: "
                       "root, root/calc-1 to calc-9999998, root/last.\n"));
    CHECK(faults_for("root/*x") != "");
  }
}
