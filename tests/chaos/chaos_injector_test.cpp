#include <map>
#include <new>
#include <set>

#include <doctest/doctest.h>

#include <coppice/behaviours/call.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/timer.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/till.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct work {
  using reply = int;
};
struct wait_for {
  std::chrono::milliseconds time;
  using reply = int;
};
struct tell_twice {
  pid to;
};
struct finish {};

/// Does what it is told, and says when it has terminated.
class hand : public server<hand, work, wait_for, tell_twice, finish> {
 public:
  explicit hand(pid listener = {}) : listener_{listener} { process_flag(trap_exit, true); }

  int handle(work /*asked*/) { return ++done_; }
  int handle(wait_for asked) {
    sleep(asked.time);
    return ++done_;
  }
  void handle(tell_twice asked) {
    send(asked.to, sold{1});
    send(asked.to, sold{2});
  }
  void handle(finish /*told*/) { stop(); }
  void terminate(const exit_reason& /*why*/) const {
    if (listener_) send(listener_, sold{3});
  }

 private:
  pid listener_;
  int done_ = 0;
};

child_spec hand_child(std::string id, pid listener = {}) {
  child_spec made = child(std::move(id));
  made.start = starts<hand>(listener);
  return made;
}

supervisor_init hands() {
  return {.flags = {.max_restarts = 1000}, .children = {hand_child("a"), hand_child("b")}};
}

template <class Function>
std::chrono::nanoseconds time_of(Function function) {
  const auto before = monotonic_time();
  function();
  return monotonic_time() - before;
}

template <class Body>
const chaos_record& with_hands(recorded_tree& tree, Body body) {
  return tree.run(hands(), body);
}

// How a call ended, without the call itself.
template <class Call>
std::string end_of(Call call) {
  try {
    call();
  } catch (const exit_exception& failed) {
    return failed.reason.elements().front().to_string();
  }
  return "answered";
}

}  // namespace

TEST_SUITE("chaos injector") {
  TEST_CASE("the steps of a process take the time that its path costs, and no other's do") {
    recorded_tree tree;
    tree.injector.cost_of("root/a", {.init = 5s, .handler = 2s, .terminate = 3s});
    tree.run(hands(), [&] {
      CHECK(monotonic_time() == 5s);
      CHECK(time_of([&] { call(tree.get("root/a"), work{}); }) == 2s);
      CHECK(time_of([&] { call(tree.get("root/b"), work{}); }) == 0s);
      const pid a = tree.get("root/a");
      const auto watched = monitor(a);
      cast(a, finish{});
      // Its handler, and then its terminate.
      CHECK(time_of([&] { coppice::testing::reason_of(watched); }) == 5s);
      CHECK(time_of([] { await_quiescence(); }) == 5s);
      CHECK(tree.get("root/a") != a);
    });
  }

  TEST_CASE("each receive in a function or a handler costs as a handler does, its own sleep beside") {
    recorded_tree tree;
    tree.injector.cost_of("root/f", {.init = 0s, .handler = 2s, .terminate = 0s});
    tree.injector.cost_of("root/a", {.init = 0s, .handler = 1s, .terminate = 0s});
    child_spec function = child("f");
    function.start = [] {
      return start_result::ok(spawn_link([] {
        for (;;) receive([](tell_me asked) { send(asked.to, sold{1}); });
      }));
    };
    tree.run({.children = {function, hand_child("a")}}, [&] {
      await_quiescence();
      const auto ask = [&] {
        send(tree.get("root/f"), tell_me{self()});
        coppice::testing::next<sold>();
      };
      sleep(10s);
      CHECK(time_of(ask) == 0s);
      CHECK(time_of(ask) == 2s);
      // The handler, its sleep, and the step of sleeping.
      CHECK(time_of([&] { call(tree.get("root/a"), wait_for{10s}, 60s); }) == 12s);
    });
  }

  TEST_CASE("what the injector does itself costs nothing more") {
    recorded_tree tree;
    tree.injector.cost_of("root/a", {.init = 0s, .handler = 1s, .terminate = 0s});
    with_hands(tree, [&] {
      tree.injector.slow_down(tree.get("root/a"), 2s, 1h);
      tree.injector.make_hang(tree.get("root/a"), 4s);
      // The hang is no step: the call's own is what costs, and what it is slowed down by.
      CHECK(time_of([&] { call(tree.get("root/a"), work{}, 60s); }) == 7s);
    });
  }

  TEST_CASE("a cost with a distribution has its mean, and a seed gives the same times") {
    using distribution = virtual_cost::distribution;
    const auto times = [](distribution spread) {
      recorded_tree tree;
      tree.injector.cost_of("root/a", {.init = 0s, .handler = 1ms, .terminate = 0s, .spread = spread});
      std::vector<std::int64_t> all;
      with_hands(tree, [&] {
        for (int i = 0; i < 2000; ++i) all.push_back(time_of([&] { call(tree.get("root/a"), work{}); }).count());
      });
      return all;
    };
    const auto mean = [](const std::vector<std::int64_t>& all) {
      double sum = 0;
      for (const auto each : all) sum += static_cast<double>(each);
      return sum / static_cast<double>(all.size());
    };
    const auto most = [](const std::vector<std::int64_t>& all) { return *std::max_element(all.begin(), all.end()); };
    CHECK(most(times(distribution::constant)) == 1'000'000);
    const auto uniform = times(distribution::uniform);
    CHECK(mean(uniform) == doctest::Approx(1e6).epsilon(0.05));
    CHECK(most(uniform) > 1'900'000);
    CHECK(most(uniform) <= 2'000'000);
    const auto exponential = times(distribution::exponential);
    CHECK(mean(exponential) == doctest::Approx(1e6).epsilon(0.1));
    CHECK(most(exponential) > 4'000'000);
    CHECK(times(distribution::exponential) == exponential);
  }

  TEST_CASE("what is told to throw throws once, and at once if it is at rest") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.make_throw(a, "torn");
      await_quiescence();
      CHECK(call(tree.get("root/b"), work{}) == 1);
      CHECK(tree.get("root/a") != a);
      CHECK(call(tree.get("root/a"), work{}) == 1);
    });
    CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: torn of nothing"});
  }

  TEST_CASE("what is told to throw in the middle of something does so behind it") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      cast(a, wait_for{10s});
      sleep(1s);
      tree.injector.make_throw(a, "torn");
      sleep(8s);
      CHECK(tree.get("root/a") == a);
      sleep(2s);
      CHECK(tree.get("root/a") != a);
    });
    CHECK(ends_of(record) == texts{"root/a 1 std::runtime_error: torn of nothing"});
  }

  TEST_CASE("what hangs for a time goes on afterwards, and the time is a pause") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      sleep(1s);
      tree.injector.make_hang(a, 4s);
      sleep(1s);
      CHECK(time_of([a] { CHECK(call(a, work{}, 60s) == 1); }) == 3s);
      CHECK(time_of([a] { CHECK(call(a, work{}) == 2); }) == 0s);
    });
    const auto& pauses = record.lives.front().pauses;
    REQUIRE(pauses.size() == 1);
    CHECK(pauses[0].begin == 1s);
    CHECK(pauses[0].end == 5s);
  }

  TEST_CASE("what hangs for ever does so until it is calmed, and takes no message that is not for it") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.make_hang(a, std::nullopt);
      CHECK(end_of([a] { call(a, work{}, 10s); }) == "timeout");
      cast(a, tell_twice{self()});
      CHECK_FALSE(await_quiescence());
      tree.injector.calm();
      CHECK(await_quiescence());
      CHECK(coppice::testing::next<sold>().price == 1);
      CHECK(coppice::testing::next<sold>().price == 2);
      // The call that nobody waits for any more was done too.
      CHECK(call(a, work{}) == 2);
    });
    CHECK(record.lives.front().pauses.size() == 1);
    CHECK_FALSE(record.lives.front().hung.has_value());
    CHECK(record.traffic.at("root/a").messages_lost == 0);
  }

  TEST_CASE("what hangs is killed by its supervisor when it does not end in time, and has hung since") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.make_hang(a, std::nullopt);
      cast(a, tell_twice{self()});
      await_idle();
      CHECK(time_of([&] { terminate_child(tree.get("root"), "a"); }) == 5s);
    });
    CHECK(record.lives.front().hung == 0s);
    CHECK(ends_of(record) == texts{"root/a 1 killed of nothing"});
  }

  TEST_CASE("what was slowed down is so for its time, in each handler") {
    recorded_tree tree;
    with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.slow_down(a, 2s, 5s);
      for (const auto expected : {2s, 2s, 2s, 0s}) CHECK(time_of([a] { call(a, work{}); }) == expected);
    });
  }

  TEST_CASE("what is sent to whom messages are delayed is under way for so long, for a while") {
    recorded_tree tree;
    with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      CHECK(tree.injector.delay(a) == 0s);
      tree.injector.delay_messages(a, 2s, 5s);
      CHECK(tree.injector.delay(tree.get("root/b")) == 0s);
      CHECK(time_of([a] { call(a, work{}); }) == 2s);
      sleep(3s);
      CHECK(time_of([a] { call(a, work{}); }) == 0s);
      tree.injector.delay_messages(a, 2s, 5s);
      tree.injector.calm();
      CHECK(time_of([a] { call(a, work{}); }) == 0s);
    });
  }

  TEST_CASE("the allocation of that number fails, once") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.fail_allocation(a, 4);
      for (int i = 0; i < 3; ++i) cast(a, tell_twice{self()});
      await_quiescence();
      // The second message of the second request was not sent.
      for (const int price : {1, 2, 1}) CHECK(coppice::testing::next<sold>().price == price);
      CHECK_FALSE(coppice::testing::has_queued<sold>());
      cast(tree.get("root/a"), tell_twice{self()});
      for (const int price : {1, 2}) CHECK(coppice::testing::next<sold>().price == price);
    });
    CHECK(ends_of(record) == texts{"root/a 1 std::bad_alloc: std::bad_alloc of nothing"});
  }

  TEST_CASE("so many starts of a path fail as injected, and then one succeeds") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      tree.injector.fail_starts("root/a", 3);
      tree.hit("root/b");
      CHECK(tree.recorder.record().start_failures.size() == 0);
      tree.hit("root/a");
      CHECK(tree.recorder.record().start_failures.size() == 3);
      tree.hit("root/a");
      CHECK(tree.recorder.record().start_failures.size() == 3);
    });
    for (const auto& each : record.start_failures) {
      CHECK(each.path == "root/a");
      CHECK(each.reason == exit_reason{"injected"});
    }
  }

  TEST_CASE("calm takes back all that was ordered") {
    recorded_tree tree;
    const auto& record = with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.make_throw(a, "torn");
      tree.injector.make_hang(a, std::nullopt);
      tree.injector.slow_down(a, 2s, 1h);
      tree.injector.delay_messages(a, 2s, 1h);
      tree.injector.fail_allocation(a, 1);
      tree.injector.fail_starts("root/b", 3);
      tree.injector.calm();
      CHECK(time_of([a] { call(a, work{}); }) == 0s);
      cast(a, tell_twice{self()});
      tree.hit("root/b");
    });
    CHECK(record.start_failures.empty());
    CHECK(ends_of(record) == texts{"root/b 1 killed of 0"});
  }

  TEST_CASE("a successor does not inherit what was ordered for one that ended") {
    recorded_tree tree;
    with_hands(tree, [&] {
      const pid a = tree.get("root/a");
      tree.injector.make_throw(a, "torn");
      tree.injector.slow_down(a, 2s, 1h);
      tree.hit("root/a");
      CHECK(time_of([&] { CHECK(call(tree.get("root/a"), work{}) == 1); }) == 0s);
    });
  }

  TEST_CASE("a hook is told each step of each process, with its path, before anything is done there") {
    recorded_tree tree;
    texts steps;
    tree.injector.cost_of("root/a", {.init = 1s, .handler = 1s, .terminate = 1s});
    tree.injector.at_each_step([&](const chaos_injector::step& step) {
      steps.push_back(std::to_string(monotonic_time() / 1s) + " " + std::string{step.path} + " " +
                      std::string{to_string(step.point)} + (step.what.empty() ? "" : " ") + std::string{step.what});
      CHECK(step.process == self());
    });
    tree.run({.children = {hand_child("a")}}, [&] { call(tree.get("root/a"), work{}); });
    CHECK(steps == texts{"0 root init_begins", "0 root child_starts a", "0 root/a init_begins", "1 root/a init_ends",
                         "1 root child_started a", "1 root init_ends", "1 root/a handler_begins work",
                         "2 root/a handler_ends work", "2 root handler_begins coppice::exit_signal",
                         "2 root handler_ends coppice::exit_signal", "2 root terminate_begins", "2 root child_ends a",
                         "2 root/a handler_begins coppice::exit_signal", "3 root/a handler_ends coppice::exit_signal",
                         "3 root/a terminate_begins", "4 root/a terminate_ends", "4 root child_ended a",
                         "4 root terminate_ends"});
  }

  TEST_CASE("a hook may throw, end the process, and wait") {
    recorded_tree tree;
    int number = 0;
    tree.injector.at_each_step([&](const chaos_injector::step& step) {
      if (step.point != fault_point::handler_begins || step.path != "root/a") return;
      if (++number == 1) throw std::runtime_error{"hooked"};
      if (number == 2) exit("hooked");
      if (number == 3) sleep(3s);
    });
    with_hands(tree, [&] {
      CHECK(end_of([&] { call(tree.get("root/a"), work{}); }) == "std::runtime_error: hooked");
      await_quiescence();
      CHECK(end_of([&] { call(tree.get("root/a"), work{}); }) == "hooked");
      await_quiescence();
      CHECK(time_of([&] { call(tree.get("root/a"), work{}); }) == 3s);
    });
  }
}
