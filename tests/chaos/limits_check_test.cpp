#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/limits_check.hpp>

#include "chaos/made_record.hpp"

using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<chaos_violation> check(const chaos_limits& limits, const chaos_record& record) {
  return check_limits(limits, record, compute_figures(record));
}

tree_child worker(restart_type restart, virtual_cost cost = {}) {
  worker_spec made;
  made.id = "a";
  made.restart = restart;
  made.cost = cost;
  return {made};
}

const virtual_cost nothing{.init = 0ns, .handler = 0ns, .terminate = 0ns};

supervisor_spec tree(restart_type restart, virtual_cost workers, virtual_cost root) {
  supervisor_spec made;
  made.id = "root";
  made.cost = root;
  made.children = {worker(restart, workers)};
  return made;
}

chaos_plan plan_of(std::vector<chaos_harm> how) {
  chaos_fault fault;
  fault.victims.of = chaos_victims::kind::worker;
  fault.how = std::move(how);
  chaos_plan made;
  made.phases.push_back({.name = "cuts", .duration = 10s, .faults = {fault}});
  return made;
}

chaos_limits all_of_time() {
  chaos_limits limits;
  limits.recovery_median_ms = 1;
  limits.recovery_p99_ms = 1;
  limits.recovery_max_ms = 1;
  limits.availability = 99.9;
  return limits;
}

// Two workers under a root, where nothing costs anything, and a plan that kills the first of them.
struct pair_of_workers {
  supervisor_spec root = tree(restart_type::permanent, nothing, nothing);
  chaos_plan plan = plan_of({harm::kill{}});

  pair_of_workers() {
    root.max_restarts = 100;
    root.children.push_back(worker(restart_type::permanent, nothing));
    b().id = "b";
    plan.phases[0].faults[0].victims.paths = {"root/**/a"};
  }

  supervisor_spec& above() {
    auto* below = std::get_if<supervisor_spec>(&root.children[0].spec);
    return below != nullptr ? *below : root;
  }
  worker_spec& a() { return std::get<worker_spec>(above().children[0].spec); }
  worker_spec& b() { return std::get<worker_spec>(above().children[1].spec); }

  void put_below(const char* id, std::uint32_t max_restarts) {
    supervisor_spec between;
    between.id = id;
    between.max_restarts = max_restarts;
    between.cost = nothing;
    between.children = std::move(root.children);
    root.children = {tree_child{std::move(between)}};
  }

  void delay(const char* path) {
    chaos_fault fault;
    fault.victims.paths = {path};
    fault.how = {harm::delay{20ms, 1s}};
    plan.phases[0].faults.push_back(std::move(fault));
  }

  bool are_refused() const {
    const auto refused = refuse_limits(all_of_time(), plan, root, true);
    CHECK((refused.empty() || refused.size() == 4));
    return !refused.empty();
  }
};

}  // namespace

TEST_SUITE("limits of a chaos run") {
  TEST_CASE("a figure at its limit does not break it") {
    const made_record made = small_record();
    chaos_limits limits;
    limits.recovery_max_ms = 20;
    limits.availability = 98.5;
    limits.lost_messages = 3;
    limits.failed_calls = 2;
    limits.blast_radius = 1;
    limits.give_ups = 0;
    CHECK(check(limits, *made).empty());
  }

  TEST_CASE("a broken limit is named with the child, its figure and the limit") {
    const made_record made = small_record();
    chaos_limits limits;
    limits.recovery_max_ms = 19.5;
    const auto broken = check(limits, *made);
    REQUIRE(broken.size() == 1);
    CHECK(broken[0].invariant == "recovery_max_ms");
    CHECK(broken[0].path == "root/a");
    CHECK(broken[0].text == "the longest of 2 times to recovery is 20 ms; the limit is 19.5 ms");
    CHECK(broken[0].time == 100ms);
  }

  TEST_CASE("recoveries, availability and blast radius are of each child") {
    const made_record made = small_record();
    chaos_limits limits;
    limits.recovery_median_ms = 4;
    limits.availability = 99.9;
    limits.blast_radius = 0;
    std::string told;
    for (const auto& each : check(limits, *made)) told += each.invariant + " " + each.path + "\n";
    CHECK(told ==
          "recovery_median_ms root/a\nrecovery_median_ms root/b\navailability root/a\navailability root/b\n"
          "blast_radius root/a\n");
  }

  TEST_CASE("the worst child comes first within each limit, and equal ones as in the tree") {
    made_record made{1000};
    const auto cut = [&](const std::string& path, std::int64_t back) {
      made.life(path, 0, 100, "boom");
      made.life(path, back);
    };
    cut("root/a", 110);
    cut("root/b", 130);
    cut("root/c", 110);
    cut("root/d", 120);
    chaos_limits limits;
    limits.recovery_p99_ms = 1;
    limits.availability = 99.9;
    std::string told;
    for (const auto& each : check(limits, *made)) told += each.path.back();
    CHECK(told == "bdacbdac");
  }

  TEST_CASE("messages, calls and give-ups are counted over all of the tree, and told with the worst child") {
    made_record made = small_record();
    made.record().traffic["root/b"] = {.calls = 5, .calls_failed = 0, .messages_lost = 4};
    made.record().give_ups.push_back({5ms, "root", {}});
    chaos_limits limits;
    limits.lost_messages = 6;
    limits.failed_calls = 1;
    limits.give_ups = 0;
    const auto broken = check(limits, *made);
    REQUIRE(broken.size() == 3);
    CHECK(broken[0].text == "1 supervisor gave up in all, 1 of them here; the limit is 0");
    CHECK(broken[1].path == "root/b");
    CHECK(broken[1].text == "7 messages were lost in all, 4 of them here; the limit is 6");
    CHECK(broken[2].path == "root/a");
    CHECK(broken[2].text == "2 calls failed in all, 2 of them here; the limit is 1");
  }

  TEST_CASE("nobody keeps a limit of recovery by never coming back") {
    made_record made{1000};
    made.life("root/a", 0, 900, "boom");
    chaos_limits limits;
    limits.recovery_p99_ms = 99;
    const auto broken = check(limits, *made);
    REQUIRE(broken.size() == 1);
    CHECK(broken[0].text ==
          "the 99th percentile of 1 time to recovery is 100 ms; the limit is 99 ms; counting that it was not back at "
          "the end");
  }

  TEST_CASE("limits of time are refused where no time can pass") {
    const chaos_plan kills = plan_of({harm::kill{}});
    CHECK(refuse_limits(all_of_time(), kills, tree(restart_type::permanent, nothing, nothing), true).size() == 4);
    SUBCASE("but not in real time") {
      CHECK(refuse_limits(all_of_time(), kills, tree(restart_type::permanent, nothing, nothing), false).empty());
    }
    SUBCASE("nor if a child costs something") {
      CHECK(refuse_limits(all_of_time(), kills, tree(restart_type::permanent, {}, nothing), true).empty());
    }
    SUBCASE("nor if its supervisor does") {
      CHECK(refuse_limits(all_of_time(), kills, tree(restart_type::permanent, nothing, {}), true).empty());
    }
    SUBCASE("nor if something may hang") {
      CHECK(refuse_limits(all_of_time(), plan_of({harm::kill{}, harm::hang{}}),
                          tree(restart_type::permanent, nothing, nothing), true)
                .empty());
    }
  }

  TEST_CASE("a refusal says why, and what to do") {
    chaos_limits limits;
    limits.recovery_p99_ms = 50;
    const auto refused =
        refuse_limits(limits, plan_of({harm::kill{}}), tree(restart_type::permanent, nothing, nothing), true);
    REQUIRE(refused.size() == 1);
    CHECK(
        refused[0] ==
        "recovery_p99_ms: cannot be broken: in virtual time every step costs 0 on the way back of those whom the plan "
        "ends, and no harm of the plan takes time there, so who is restarted is back at once. Give them or their "
        "supervisors a \"cost\" above 0 (without one it is 1 us), let something \"hang\", or leave the limit out.");
  }

  TEST_CASE("limits of time are refused in each mode where all children are temporary and nothing hangs") {
    const supervisor_spec root = tree(restart_type::temporary, {}, {});
    for (const bool is_virtual : {true, false}) {
      const auto refused = refuse_limits(all_of_time(), plan_of({harm::kill{}}), root, is_virtual);
      REQUIRE(refused.size() == 4);
      CHECK(refused[0] ==
            "recovery_median_ms: cannot be broken: every child of this tree is \"temporary\", so that nobody is missed "
            "who has ended, and no harm of the plan lets one hang. Make a child \"permanent\" or \"transient\", let "
            "something \"hang\", or leave the limit out.");
      CHECK(refuse_limits(all_of_time(), plan_of({harm::kill{}, harm::hang{}}), root, is_virtual).empty());
      chaos_plan of_all = plan_of({harm::kill{}});
      of_all.phases[0].faults[0].victims.of = chaos_victims::kind::any;
      CHECK(refuse_limits(all_of_time(), of_all, root, is_virtual).empty());
    }
  }

  TEST_CASE("limits of time are refused where only what is not on the way back takes time") {
    pair_of_workers it;
    CHECK(it.are_refused());
    SUBCASE("such as the end of one who is never ended") {
      it.b().cost.terminate = 5us;
      CHECK(it.are_refused());
      SUBCASE("but not if it goes down with the other") {
        it.root.strategy = strategy::one_for_all;
        CHECK_FALSE(it.are_refused());
      }
      SUBCASE("nor if its supervisor may give up, and somebody starts that again") {
        it.put_below("pool", 3);
        CHECK_FALSE(it.are_refused());
      }
      SUBCASE("which a supervisor does not with so many restarts that the plan never makes as many") {
        it.put_below("pool", 100);
        CHECK(it.are_refused());
      }
    }
    SUBCASE("such as the end of one who is killed") {
      it.a().cost.terminate = 5us;
      CHECK(it.are_refused());
      SUBCASE("but not if it ends itself") {
        it.plan.phases[0].faults[0].how = {harm::crash{"boom"}};
        CHECK_FALSE(it.are_refused());
      }
    }
    SUBCASE("such as the start of the root") {
      it.root.cost.init = 5us;
      CHECK(it.are_refused());
    }
    SUBCASE("such as the handlers of the root, but it is the root who starts them again") {
      it.root.cost.handler = 5us;
      CHECK_FALSE(it.are_refused());
    }
    SUBCASE("such as the handlers and the start of one who is not hit") {
      it.b().cost.init = 5us;
      it.b().cost.handler = 5us;
      CHECK(it.are_refused());
      SUBCASE("but not if it has work at which it may fail") {
        it.plan.load.emplace_back().to.paths = {"root/b"};
        CHECK_FALSE(it.are_refused());
      }
      SUBCASE("nor if it is started after the other, under rest_for_one") {
        it.root.strategy = strategy::rest_for_one;
        CHECK_FALSE(it.are_refused());
      }
      SUBCASE("and before the other") {
        it.root.strategy = strategy::rest_for_one;
        it.plan.phases[0].faults[0].victims.paths = {"root/b"};
        std::swap(it.a().cost, it.b().cost);
        CHECK(it.are_refused());
      }
    }
    SUBCASE("such as a delay of what is sent to one who is not hit") {
      it.delay("root/b");
      CHECK(it.are_refused());
    }
    SUBCASE("but not a delay of what is sent to one who is") {
      it.delay("root/a");
      CHECK_FALSE(it.are_refused());
    }
    SUBCASE("nor of what is sent to his supervisor") {
      it.delay("root");
      CHECK_FALSE(it.are_refused());
    }
    SUBCASE("nor where a hit acts later than it was made") {
      it.plan.phases[0].faults[0].how = {harm::bad_alloc{3}};
      CHECK_FALSE(it.are_refused());
    }
  }

  TEST_CASE("a limit of give-ups is refused where nobody is restarted") {
    chaos_limits limits;
    limits.give_ups = 0;
    CHECK(refuse_limits(limits, plan_of({harm::kill{}}), tree(restart_type::temporary, {}, {}), true).size() == 1);
    CHECK(refuse_limits(limits, plan_of({harm::kill{}}), tree(restart_type::transient, {}, {}), true).empty());
  }

  TEST_CASE("a limit of the blast radius is refused where nothing is cut") {
    chaos_limits limits;
    limits.blast_radius = 3;
    const supervisor_spec root = tree(restart_type::permanent, {}, {});
    CHECK(refuse_limits(limits, plan_of({harm::slow{}, harm::delay{}}), root, false).size() == 1);
    CHECK(refuse_limits(limits, {}, root, false).size() == 1);
    CHECK(refuse_limits(limits, plan_of({harm::slow{}, harm::kill{}}), root, false).empty());
  }

  TEST_CASE("an availability of 0 % is refused in every mode") {
    chaos_limits limits;
    limits.availability = 0;
    CHECK(refuse_limits(limits, plan_of({harm::kill{}}), tree(restart_type::permanent, {}, {}), false).size() == 1);
  }

  TEST_CASE("limits that can break are not refused") {
    chaos_limits limits = all_of_time();
    limits.give_ups = 0;
    limits.lost_messages = 0;
    limits.failed_calls = 0;
    limits.blast_radius = 0;
    CHECK(refuse_limits(limits, plan_of({harm::kill{}}), tree(restart_type::permanent, {}, {}), true).empty());
  }
}
