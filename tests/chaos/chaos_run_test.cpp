#include <algorithm>
#include <atomic>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_json.hpp>
#include <coppice/chaos/chaos_page.hpp>
#include <coppice/chaos/chaos_run.hpp>
#include <coppice/chaos/limits_check.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/storm.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

constexpr std::string_view storm_plan = R"({"duration_ms": 5000,
    "faults": [{"victims": ["root/pool", "root/pool/*"], "count": 2, "per_second": 20,
                "how": ["kill", {"crash": "boom"}, {"throw": "torn"}, {"fail_starts": 2}, "hang", {"hang_ms": 20},
                        {"slow_ms": 1, "lasting_ms": 100}, {"delay_ms": 2, "lasting_ms": 50}, {"bad_alloc": 2}]}],
    "load": [{"call": "root/pool/*", "message": "total", "per_second": 50, "timeout_ms": 30},
             {"cast": "root/a", "message": {"sell": 1}, "per_second": 50}]})";

chaos_outcome run_storm(const supervisor_spec& root, const chaos_plan& plan, chaos_run_options options = {.seed = 7}) {
  const coppice::testing::captured_log log;
  return chaos_run{root, workers(), plan, std::move(options)}.run();
}

std::string report_of(const chaos_outcome& outcome) {
  return chaos_json(outcome.record, compute_figures(outcome.record), {}, {{}, outcome.broken_invariants, "replay"});
}

texts broken_in(const chaos_outcome& outcome) {
  texts lines;
  for (const auto& each : outcome.broken_invariants) {
    lines.push_back((each.path.empty() ? "" : each.path + ": ") + each.invariant + ": " + each.text);
  }
  return lines;
}

}  // namespace

TEST_SUITE("chaos run") {
  TEST_CASE("a tree that grows back keeps all invariants, whatever is done to it") {
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = plan_of(storm_plan, root);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      INFO("seed " << seed);
      const auto outcome = run_storm(root, plan, {.seed = seed});
      CHECK(broken_in(outcome) == texts{});
      CHECK(outcome.record.hits.size() > 100);
      CHECK(outcome.record.seed == seed);
      CHECK_FALSE(outcome.record.interrupted);
    }
  }

  TEST_CASE("and in real time on two threads") {
    const supervisor_spec root = tree_of(tough_shop);
    chaos_plan plan = plan_of(storm_plan, root);
    plan.phases.front().duration = 200ms;
    plan.phases.front().faults.front().per_second = 1000;
    const auto outcome = run_storm(root, plan, {.seed = 7, .real_time = true, .threads = 2});
    CHECK(broken_in(outcome) == texts{});
    CHECK_FALSE(outcome.record.is_virtual);
    CHECK(outcome.record.hits.size() > 50);
  }

  TEST_CASE("a seed gives the same record each time, and the same report to the byte") {
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = plan_of(storm_plan, root);
    std::set<std::string> different;
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      INFO("seed " << seed);
      const auto first = run_storm(root, plan, {.seed = seed});
      const auto second = run_storm(root, plan, {.seed = seed});
      const std::string report = report_of(first);
      CHECK(report_of(second) == report);
      const auto page = [](const chaos_outcome& of) {
        return chaos_page(of.record, compute_figures(of.record), {{}, of.broken_invariants, "replay"});
      };
      CHECK(page(first) == page(second));
      different.insert(report);
    }
    CHECK(different.size() == 5);
  }

  TEST_CASE("what an answer must be at the end is checked when the tree is quiet") {
    const supervisor_spec root = tree_of(tough_shop);
    const auto with = [&](const std::string& equals) {
      return broken_in(run_storm(root, plan_of(R"({"duration_ms": 1000, "faults": [{"victims": "root/pool/*"}],
          "load": [{"cast": "root/pool/c-1", "message": {"sell": 0}, "per_second": 10}],
          "expect": [{"call": "root/pool/c-2", "message": "total", "equals": )" +
                                                   equals + "}]}",
                                               root)));
    };
    CHECK(with("0") == texts{});
    const texts broken = with("150");
    REQUIRE(broken.size() == 1);
    CHECK(broken[0].starts_with("root/pool/c-2: expectation: "));
    CHECK(broken[0].find("150") != std::string::npos);
    CHECK(broken[0].find('0') != std::string::npos);
  }

  TEST_CASE("the user's own rules are checked when the tree is quiet, with their names") {
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = plan_of(R"({"duration_ms": 1000, "faults": [{"victims": "root/pool/*"}],
        "load": [{"cast": "root/a", "message": {"sell": 2}, "per_second": 10}]})",
                                    root);
    int total_of_a = 0;
    const auto outcome =
        run_storm(root, plan,
                  {.seed = 7,
                   .invariants = {{"everybody is there",
                                   [](const tree_view& shop) -> std::optional<std::string> {
                                     if (shop.paths().size() == 7) return std::nullopt;
                                     return "somebody is missing";
                                   }},
                                  {"the till is empty",
                                   [&total_of_a](const tree_view& shop) -> std::optional<std::string> {
                                     total_of_a = shop.call("root/a", total{});
                                     if (total_of_a == 0) return std::nullopt;
                                     return "it holds " + std::to_string(total_of_a);
                                   }},
                                  {"the till answers", [](const tree_view& shop) -> std::optional<std::string> {
                                     shop.get("root/z");
                                     return std::nullopt;
                                   }}}});
    CHECK(total_of_a > 0);
    const texts broken = broken_in(outcome);
    REQUIRE(broken.size() == 2);
    CHECK(broken[0] == "the till is empty: it holds " + std::to_string(total_of_a));
    CHECK(broken[1].starts_with("the till answers: "));
    CHECK(broken[1].find("root/z") != std::string::npos);
  }

  TEST_CASE("a plan that makes the root give up is over then, and no rule is broken by that") {
    const supervisor_spec root = tree_of(R"({"id": "root", "max_restarts": 2, "max_seconds": 60, "children": [
        {"id": "a", "start": "till"}, {"id": "b", "start": "till"}]})");
    const chaos_plan plan = plan_of(
        R"({"duration_ms": 3600000, "faults": [{"victims": "leaf", "per_second": 10}], "limits": {"give_ups": 0}})",
        root);
    const auto outcome = run_storm(root, plan);
    CHECK(broken_in(outcome) == texts{});
    CHECK(outcome.record.hits.size() == 3);
    // It is out of service for the rest of the plan.
    CHECK(outcome.record.end == 1h);
    CHECK(outcome.record.give_ups.at(0).time < 1min);
    REQUIRE(outcome.record.give_ups.size() == 1);
    CHECK(outcome.record.give_ups[0].path == "root");
    CHECK(outcome.record.give_ups[0].cause == 2U);
    CHECK_FALSE(outcome.record.interrupted);
    const auto figures = compute_figures(outcome.record);
    CHECK(figures.all.not_back == 3);
    CHECK(check_limits(plan.limits, outcome.record, figures).size() == 1);
  }

  TEST_CASE("an expectation of a tree that has given up is not met") {
    const supervisor_spec root =
        tree_of(R"({"id": "root", "max_restarts": 0, "children": [{"id": "a", "start": "till"}]})");
    const auto outcome =
        run_storm(root, plan_of(R"({"duration_ms": 1000, "faults": [{"victims": "leaf", "per_second": 10}],
        "expect": [{"call": "root/a", "message": "total", "equals": 0}]})",
                                root));
    const texts broken = broken_in(outcome);
    REQUIRE(broken.size() == 1);
    CHECK(broken[0].starts_with("root/a: expectation: "));
  }

  TEST_CASE("a tree that does not start leaves a record of its failed starts") {
    worker_registry known;
    class broken_till : public server<broken_till> {
     public:
      broken_till() { throw error{"no_money"}; }
    };
    known.add<broken_till>("broken");
    const supervisor_spec root = tree_of(R"({"id": "root", "children": [{"id": "a", "start": "broken"}]})", known);
    const chaos_plan plan = plan_of(R"({"duration_ms": 1000, "faults": [{"victims": "leaf"}]})", root, known);
    const coppice::testing::captured_log log;
    const auto outcome = chaos_run{root, known, plan, {.seed = 7}}.run();
    REQUIRE(outcome.record.start_failures.size() == 2);
    CHECK(outcome.record.start_failures[0].path == "root/a");
    CHECK(outcome.record.hits.empty());
  }

  TEST_CASE("a worker that leaves a process behind, and one that waits for ever, are told") {
    worker_registry known;
    class litterer : public server<litterer, sell> {
     public:
      void handle(sell) {
        spawn([] { receive([](sold) {}); });
      }
    };
    class waiter : public server<waiter, sell> {
     public:
      void handle(sell) {
        receive([](sold) {});
      }
    };
    known.add<litterer>("litterer");
    known.add<waiter>("waiter");
    const auto broken_with = [&known](const std::string& worker) {
      const supervisor_spec root = tree_of(
          R"({"id": "root", "max_restarts": 100, "children": [{"id": "a", "start": ")" + worker + R"("}]})", known);
      const chaos_plan plan = plan_of(R"({"duration_ms": 1000,
          "load": [{"cast": "root/a", "message": {"sell": 1}, "per_second": 10}]})",
                                      root, known);
      const coppice::testing::captured_log log;
      return broken_in(chaos_run{root, known, plan, {.seed = 7}}.run());
    };
    const texts litter = broken_with("litterer");
    CHECK(std::count_if(litter.begin(), litter.end(),
                        [](const std::string& each) { return each.find("process") != std::string::npos; }) > 0);
    const texts waits = broken_with("waiter");
    CHECK(std::count_if(waits.begin(), waits.end(), [](const std::string& each) {
            return each.starts_with("the tree comes to rest: root/a in its handler of ");
          }) == 1);
  }

  TEST_CASE("stopped from another thread, the tree grows back, and the record is of what was done") {
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = plan_of(R"({"duration_ms": 86400000, "faults": [
        {"victims": "root/pool/*", "how": ["kill", "hang"], "per_second": 1000}]})",
                                    root);
    chaos_run* running = nullptr;
    chaos_run storm{
        root, workers(), plan, {.seed = 7, .real_time = true, .threads = 2, .progress = [&](const chaos_progress& now) {
                                  if (now.hits >= 20) running->stop();
                                }}};
    running = &storm;
    const coppice::testing::captured_log log;
    const auto outcome = storm.run();
    CHECK(outcome.record.interrupted);
    CHECK(outcome.record.hits.size() >= 20);
    CHECK(broken_in(outcome) == texts{});
    CHECK(compute_figures(outcome.record).all.not_back == 0);
  }

  TEST_CASE("stopped before it runs, no harm is done") {
    const supervisor_spec root = tree_of(tough_shop);
    chaos_run storm{root, workers(), plan_of(storm_plan, root), {.seed = 7}};
    storm.stop();
    const auto outcome = storm.run();
    CHECK(outcome.record.interrupted);
    CHECK(outcome.record.hits.empty());
    CHECK(broken_in(outcome) == texts{});
  }

  TEST_CASE("what is broken is the same, with the same text, each time") {
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = plan_of(storm_plan, root);
    const auto run = [&] {
      return broken_in(run_storm(root, plan, {.seed = 3, .invariants = {{"never", [](const tree_view& shop) {
                                                                           return std::optional{shop.paths().front()};
                                                                         }}}}));
    };
    CHECK(run() == texts{"never: root"});
    CHECK(run() == run());
  }
}
