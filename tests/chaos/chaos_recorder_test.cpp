#include <algorithm>

#include <doctest/doctest.h>

#include <coppice/behaviours/call.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/till.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

const chaos_life& life_of(const chaos_record& record, std::string_view path, std::uint64_t incarnation = 1) {
  const auto found = std::find_if(record.lives.begin(), record.lives.end(), [&](const chaos_life& each) {
    return each.path == path && each.incarnation == incarnation;
  });
  if (found == record.lives.end()) throw std::logic_error{"no such life"};
  return *found;
}

// A pool of tills that may be restarted once, in a root that may restart the pool.
supervisor_init frail_shop(strategy how = strategy::one_for_one) {
  return {.flags = {.max_restarts = 3},
          .children = {child("a"), supervisor("pool", {.flags = {.strategy = how, .max_restarts = 1},
                                                       .children = {child("c"), child("d")}})}};
}

template <class Call>
std::string failure_of(Call call) {
  try {
    call();
  } catch (const exit_exception& failed) {
    return failed.reason.elements().empty() ? failed.reason.to_string() : failed.reason.elements().front().to_string();
  }
  return "nothing";
}

}  // namespace

TEST_SUITE("chaos recorder") {
  TEST_CASE("lives are written down with their times since the begin, their ends and reasons") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      sleep(2s);
      tree.hit("root/a", "boom");
      sleep(1s);
    });
    CHECK(record.root == "root");
    CHECK(record.seed == 7);
    CHECK(record.is_virtual);
    CHECK_FALSE(record.interrupted);
    CHECK(record.end == 3s);
    CHECK(ends_of(record) == texts{"root/a 1 boom of 0"});
    CHECK(life_of(record, "root/a").begin == 0s);
    CHECK(life_of(record, "root/a").end == 2s);
    CHECK(life_of(record, "root/a", 2).begin == 2s);
    CHECK(life_of(record, "root/a", 2).shut_down);
    CHECK(life_of(record, "root/pool").type == child_type::supervisor);
    CHECK(life_of(record, "root/pool/c").type == child_type::worker);
    REQUIRE(record.hits.size() == 1);
    CHECK(record.hits[0].time == 2s);
    CHECK(record.hits[0].path == "root/a");
    CHECK(record.hits[0].incarnation == 1);
    CHECK(record.hits[0].way == "boom");
    CHECK(tree.recorder.restarts() == 1);
  }

  TEST_CASE("what ends without having been hit has no cause, and a hit on nobody is one of incarnation 0") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      cast(tree.get("root/a"), sell{0});
      await_quiescence();
      tree.recorder.hit(pid{}, "root/z", "fail 1 start", true);
    });
    CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: no price of nothing"});
    REQUIRE(record.hits.size() == 1);
    CHECK(record.hits[0].incarnation == 0);
  }

  TEST_CASE("siblings that the strategy ends go down of the hit on the one") {
    SUBCASE("one_for_all takes all, and a subtree whole") {
      recorded_tree tree;
      const auto& record = tree.run(shop(strategy::one_for_all), [&tree] { tree.hit("root/b"); });
      CHECK(ends_of(record) == texts{"root/a 1 shutdown of 0", "root/b 1 killed of 0", "root/pool/c 1 shutdown of 0",
                                     "root/pool 1 shutdown of 0"});
    }
    SUBCASE("rest_for_one takes those that were started after it") {
      recorded_tree tree;
      const auto& record = tree.run(shop(strategy::rest_for_one), [&tree] { tree.hit("root/b"); });
      CHECK(ends_of(record) ==
            texts{"root/b 1 killed of 0", "root/pool/c 1 shutdown of 0", "root/pool 1 shutdown of 0"});
    }
    SUBCASE("one_for_one takes nobody") {
      recorded_tree tree;
      const auto& record = tree.run(shop(), [&tree] { tree.hit("root/b"); });
      CHECK(ends_of(record) == texts{"root/b 1 killed of 0"});
    }
  }

  TEST_CASE("the restart that is being made is what others go down of, not an earlier one") {
    recorded_tree tree;
    const auto& record = tree.run(shop(strategy::rest_for_one), [&tree] {
      tree.hit("root/b");
      tree.hit("root/a");
    });
    CHECK(ends_of(record) == texts{"root/a 1 killed of 1", "root/b 1 killed of 0", "root/pool/c 1 shutdown of 0",
                                   "root/pool 1 shutdown of 0", "root/b 2 shutdown of 1", "root/pool/c 2 shutdown of 1",
                                   "root/pool 2 shutdown of 1"});
  }

  TEST_CASE("a restart for an end that was no hit is nobody's") {
    recorded_tree tree;
    const auto& record = tree.run(shop(strategy::rest_for_one), [&tree] {
      tree.hit("root/b");
      cast(tree.get("root/b"), sell{0});
      await_quiescence();
    });
    const texts all = ends_of(record);
    CHECK(std::count(all.begin(), all.end(), "root/b 2 std::runtime_error: no price of nothing") == 1);
    CHECK(std::count(all.begin(), all.end(), "root/pool 2 shutdown of nothing") == 1);
    CHECK(std::count(all.begin(), all.end(), "root/pool/c 2 shutdown of nothing") == 1);
  }

  TEST_CASE("the orphans of a killed supervisor go down of the hit on it") {
    recorded_tree tree;
    const auto& record = tree.run(frail_shop(), [&tree] { tree.hit("root/pool"); });
    CHECK(ends_of(record) ==
          texts{"root/pool/c 1 killed of 0", "root/pool/d 1 killed of 0", "root/pool 1 killed of 0"});
    CHECK(tree.recorder.restarts() == 3);
  }

  TEST_CASE("an orphan that is a supervisor ends its children for what its own supervisor ended of") {
    recorded_tree tree;
    const auto& record = tree.run(
        {.children = {supervisor(
             "pool", {.flags = {.max_restarts = 3}, .children = {supervisor("sub", {.children = {child("c")}})}})}},
        [&tree] {
          tree.hit("root/pool/sub/c");
          tree.hit("root/pool");
        });
    CHECK(ends_of(record) == texts{"root/pool/sub/c 1 killed of 0", "root/pool/sub 1 killed of 1",
                                   "root/pool 1 killed of 1", "root/pool/sub/c 2 shutdown of 1"});
  }

  TEST_CASE("a supervisor gives up because of the last hit among its children, and all that goes down with it does") {
    recorded_tree tree;
    const auto& record = tree.run(frail_shop(), [&tree] {
      tree.hit("root/a");
      tree.hit("root/pool/c");
      sleep(1s);
      tree.hit("root/pool/d");
    });
    REQUIRE(record.give_ups.size() == 1);
    CHECK(record.give_ups[0].path == "root/pool");
    CHECK(record.give_ups[0].time == 1s);
    CHECK(record.give_ups[0].cause == 2U);
    CHECK(ends_of(record) == texts{"root/a 1 killed of 0", "root/pool/c 1 killed of 1", "root/pool/d 1 killed of 2",
                                   "root/pool 1 shutdown of 2", "root/pool/c 2 shutdown of 2"});
  }

  TEST_CASE("the last hit is the one that was made last, whatever the order of the children") {
    recorded_tree tree;
    const auto& record = tree.run(frail_shop(), [&tree] {
      tree.hit("root/pool/d");
      tree.hit("root/pool/c");
    });
    REQUIRE(record.give_ups.size() == 1);
    CHECK(record.give_ups[0].cause == 1U);
  }

  TEST_CASE("a give-up goes up: the root's is of the same hit") {
    recorded_tree tree;
    const auto& record =
        tree.run({.flags = {.max_restarts = 0},
                  .children = {supervisor("pool", {.flags = {.max_restarts = 0}, .children = {child("c")}})}},
                 [&tree] { tree.hit("root/pool/c"); });
    REQUIRE(record.give_ups.size() == 2);
    CHECK(record.give_ups[0].path == "root/pool");
    CHECK(record.give_ups[0].cause == 0U);
    CHECK(record.give_ups[1].path == "root");
    CHECK(record.give_ups[1].cause == 0U);
    CHECK(ends_of(record) == texts{"root/pool/c 1 killed of 0", "root/pool 1 shutdown of 0", "root 1 shutdown of 0"});
  }

  TEST_CASE("a hit that was survived is not what one ends of when it is ended for another") {
    recorded_tree tree;
    const auto& record = tree.run(shop(strategy::one_for_all), [&tree] {
      tree.hit("root/a", "normal");
      tree.hit("root/b");
    });
    CHECK(record.hits.size() == 2);
    CHECK(life_of(record, "root/a").cause == 1U);
  }

  TEST_CASE("who was hit, and goes down with a supervisor that is killed later, goes down of the hit on that") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      tree.recorder.hit(tree.get("root/pool/c"), "root/pool/c", "slow", false, false);
      sleep(1s);
      tree.hit("root/pool");
    });
    CHECK(ends_of(record) == texts{"root/pool/c 1 killed of 1", "root/pool 1 killed of 1"});
    CHECK_FALSE(record.hits[0].cuts);
  }

  TEST_CASE("who ends for its own fault when the harm is over does not end of that") {
    recorded_tree tree;
    const auto fail = [&tree] {
      cast(tree.get("root/a"), sell{0});
      await_quiescence();
    };
    SUBCASE("of slowness") {
      const auto& record = tree.run(shop(), [&] {
        tree.recorder.hit(tree.get("root/a"), "root/a", "slow", false, false, 1s);
        sleep(2s);
        fail();
      });
      CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: no price of nothing"});
      CHECK_FALSE(record.hits[0].cuts);
    }
    SUBCASE("of slowness that is not over yet it does") {
      const auto& record = tree.run(shop(), [&] {
        tree.recorder.hit(tree.get("root/a"), "root/a", "slow", false, false, 1s);
        fail();
      });
      CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: no price of 0"});
      CHECK(record.hits[0].cuts);
    }
    SUBCASE("of a hang") {
      const auto& record = tree.run(shop(), [&] {
        const pid a = tree.get("root/a");
        tree.recorder.hit(a, "root/a", "hang", true);
        tree.recorder.hung(a);
        sleep(1s);
        tree.recorder.back_from_hang(a);
        fail();
      });
      CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: no price of nothing"});
    }
    SUBCASE("of a hang, but of what hit it meanwhile") {
      const auto& record = tree.run(shop(), [&] {
        const pid a = tree.get("root/a");
        tree.recorder.hit(a, "root/a", "hang", true);
        tree.recorder.hung(a);
        tree.recorder.hit(a, "root/a", "bad_alloc", false, false);
        tree.recorder.back_from_hang(a);
        fail();
      });
      CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: no price of 1"});
    }
  }

  TEST_CASE("what ends in the shutdown of the tree ends of nothing") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [] {});
    CHECK(ends_of(record).empty());
    CHECK(record.lives.size() == 5);
    for (const auto& each : record.lives) {
      CHECK(each.shut_down);
      CHECK_FALSE(each.cause.has_value());
    }
  }

  TEST_CASE("a hang that is over is a pause; one that is not stays with the life") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      const pid a = tree.get("root/a");
      sleep(1s);
      tree.recorder.hung(a);
      sleep(1s);
      tree.recorder.back_from_hang(a);
      tree.recorder.back_from_hang(a);
      sleep(1s);
      tree.recorder.hung(a);
      tree.recorder.hung(pid{});
      tree.recorder.back_from_hang(pid{});
      tree.hit("root/a");
    });
    const auto& a = life_of(record, "root/a");
    REQUIRE(a.pauses.size() == 1);
    CHECK(a.pauses[0].begin == 1s);
    CHECK(a.pauses[0].end == 2s);
    CHECK(a.hung == 3s);
    CHECK_FALSE(life_of(record, "root/a", 2).hung.has_value());
  }

  TEST_CASE("messages that nobody handles are counted where their receiver lived, but for supervisors and strangers") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      const pid a = tree.get("root/a");
      const pid pool = tree.get("root/pool");
      const pid stranger = coppice::testing::dead_process();
      tree.hit("root/a");
      tree.hit("root/pool");
      cast(a, sell{1});
      send(a, sell{1});
      cast(tree.get("root/a"), sell{1});
      send(pool, sell{1});
      send(stranger, sell{1});
      tree.recorder.message_missed("root/b");
      await_quiescence();
      tree.recorder.end();
      cast(a, sell{1});
    });
    CHECK(record.traffic.at("root/a").messages_lost == 2);
    CHECK(record.traffic.at("root/b").messages_lost == 1);
    CHECK(record.traffic.size() == 2);
  }

  TEST_CASE("calls that fail are counted where the callee lived, or by the path that its name belongs to") {
    recorded_tree tree;
    tree.recorder.name_of("till_a", "root/a");
    const auto& record = tree.run(shop(), [&tree] {
      const pid a = tree.get("root/a");
      CHECK(call(a, total{}) == 0);
      tree.hit("root/a");
      CHECK(failure_of([a] { call(a, total{}); }) == "noproc");
      CHECK(failure_of([] { call("till_a", total{}); }) == "noproc");
      CHECK(failure_of([] { call("till_z", total{}); }) == "noproc");
      tree.recorder.call_made("root/a");
      tree.recorder.call_missed("root/b");
      tree.recorder.end();
      CHECK(failure_of([a] { call(a, total{}); }) == "noproc");
    });
    CHECK(record.traffic.at("root/a").calls_failed == 2);
    CHECK(record.traffic.at("root/a").calls == 1);
    CHECK(record.traffic.at("root/b").calls_failed == 1);
    CHECK(record.traffic.size() == 2);
  }

  TEST_CASE("failed starts are written down, until the end") {
    recorded_tree tree;
    const auto& record = tree.run(shop(), [&tree] {
      tree.injector.fail_starts("root/a", 2);
      tree.hit("root/a");
    });
    REQUIRE(record.start_failures.size() == 2);
    CHECK(record.start_failures[1].path == "root/a");
    CHECK(record.start_failures[1].reason == exit_reason{"injected"});
    CHECK(ends_of(record) == texts{"root/a 1 killed of 0"});
    CHECK(life_of(record, "root/a", 2).shut_down);
  }

  TEST_CASE("those that a supervisor has started go down with its start, for what ended the one that does not start") {
    recorded_tree tree;
    const auto& record = tree.run(frail_shop(), [&tree] {
      tree.injector.fail_starts("root/pool/d", 1);
      tree.hit("root/a");
      tree.hit("root/pool");
    });
    CHECK(record.start_failures.size() == 2);
    const texts all = ends_of(record);
    CHECK(std::count(all.begin(), all.end(), "root/pool/c 2 shutdown of 1") == 1);
    CHECK(life_of(record, "root/pool/c", 3).shut_down);
  }

  TEST_CASE("a root that does not start leaves a record") {
    recorded_tree tree;
    tree.injector.fail_starts("root/b", 1);
    const auto& record = tree.run(shop(), [] { CHECK_MESSAGE(false, "it started"); });
    REQUIRE(record.start_failures.size() == 2);
    CHECK(record.start_failures[0].path == "root/b");
    CHECK(record.start_failures[1].path == "root");
    CHECK(ends_of(record) == texts{"root/a 1 shutdown of nothing"});
  }

  TEST_CASE("lives have the restart types that were told for their paths") {
    recorded_tree tree;
    tree.recorder.restart_of("root/a", restart_type::transient);
    const auto& record = tree.run(shop(), [&tree] { tree.hit("root/a"); });
    CHECK(life_of(record, "root/a").restart == restart_type::transient);
    CHECK(life_of(record, "root/a", 2).restart == restart_type::transient);
    CHECK_FALSE(life_of(record, "root/b").restart.has_value());
  }

  TEST_CASE("a process has its path while it lives and afterwards, and before its supervisor says that it started") {
    recorded_tree tree;
    texts before;
    supervisor_init root = shop();
    root.children[1].start = [&tree, &before] {
      const pid supervisor = self();
      return start_result::ok(spawn_link([&tree, &before, supervisor] {
        before.push_back(tree.recorder.path_of(self(), supervisor).value_or("?"));
        receive([](sold) {});
      }));
    };
    tree.run(std::move(root), [&] {
      const pid a = tree.get("root/a");
      tree.hit("root/a");
      await_quiescence();
      CHECK(tree.recorder.path_of(a, pid{}) == "root/a");
      CHECK(tree.recorder.path_of(tree.get("root/pool/c"), pid{}) == "root/pool/c");
      CHECK_FALSE(tree.recorder.path_of(self(), pid{}).has_value());
    });
    // The start function returns at once, so the process may run before or after it is known: it has its path anyway.
    CHECK(before == texts{"root/b"});
  }

  TEST_CASE("a listener is told of starts and ends, in the order of the record") {
    recorded_tree tree;
    tree.run({.flags = {.max_restarts = 3}, .children = {child("a")}}, [&tree] { tree.hit("root/a", "boom"); });
    CHECK(tree.told == texts{"started root/a 1", "started root 1", "exited root/a 1 boom", "started root/a 2",
                             "exited root/a 2 shutdown", "exited root 1 shutdown"});
  }
}
