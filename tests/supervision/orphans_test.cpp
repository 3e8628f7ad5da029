#include <coppice/chaos/doctest.hpp>

#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// A supervisor that is killed ends none of its children: they get its exit signal by their links, and one that traps
// exits may take its time. In these trees `slow` needs ten seconds to stop, and counts how many of it are alive at
// once. It never may be more than one: whoever starts a successor has to await the orphan first.

namespace {

struct lives {
  int now = 0;
  int most = 0;
  int begun = 0;
};

class counted : public server<counted, die> {
 public:
  explicit counted(std::shared_ptr<lives> count) : count_{std::move(count)} {
    process_flag(trap_exit, true);
    ++count_->begun;
    count_->most = std::max(count_->most, ++count_->now);
  }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --count_->now; }

  void handle(die told) { exit(std::move(told.reason)); }
  void terminate(const exit_reason& /*reason*/) { sleep(10s); }

 private:
  std::shared_ptr<lives> count_;  // the tree outlives the body of a test
};

child_spec slow(const std::shared_ptr<lives>& count, shutdown_time shutdown = shutdown_time::infinity()) {
  child_spec made = grove::from("slow", [count] { return start_link<counted>({.name = "slow"}, count); });
  made.shutdown = shutdown;
  return made;
}

/// Its start never ends, and exit signals do not end it.
class never_ready : public server<never_ready, die> {
 public:
  never_ready() {
    process_flag(trap_exit, true);
    receive([](const die&) {});
  }
  void handle(const die&) {}
};

// Also of one that is still starting and answers nobody.
pid supervisor_of(pid child) {
  const auto found = process_info(child, info::parent);
  return found ? found->parent : pid{};
}

void check_one_life_at_a_time(const std::shared_ptr<lives>& count, int begun) {
  CHECK(count->most == 1);
  CHECK(count->begun == begun);
}

}  // namespace

TEST_SUITE("supervisor: orphans") {
  TEST_CASE("a killed supervisor is restarted when its slow grandchild has ended, never before") {
    over_seeds(20, [](tree_fixture& test) {
      const auto count = std::make_shared<lives>();
      test.plant({.children = {plain_supervisor("s", {.children = {slow(count)}})}});
      test.take_events();
      const pid s = test.cut("root/s");
      test.expect_down(s, "killed");
      test.expect_restart(s);
      CHECK(monotonic_time() == 10s);
      CHECK(test.take_events() == texts{"exited root/s 1 killed", "exited root/s/slow 1 killed",
                                        "started root/s/slow 2", "started root/s 2"});
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("a grandchild further down is awaited too") {
    over_seeds(20, [](tree_fixture& test) {
      const auto count = std::make_shared<lives>();
      const supervisor_init u{.children = {slow(count)}};
      const supervisor_init t{.children = {plain_supervisor("u", u)}};
      test.plant({.children = {plain_supervisor("s", {.children = {plain_supervisor("t", t)}})}});
      test.expect_restart(test.cut("root/s"));
      test.get("root/s/t/u/slow");
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("supervisors of two levels that are killed at once leave nobody unawaited") {
    for (const bool lower_first : {true, false}) {
      over_seeds(20, [lower_first](tree_fixture& test) {
        const auto count = std::make_shared<lives>();
        const supervisor_init s{.children = {plain_supervisor("t", {.children = {slow(count)}})}};
        test.plant({.children = {plain_supervisor("s", s)}});
        const pid upper = test.get("root/s");
        const pid lower = test.get("root/s/t");
        test.cut(lower_first ? lower : upper);
        test.cut(lower_first ? upper : lower);
        test.expect_restart(upper);
        test.advance(21s);
        test.get("root/s/t/slow");
        check_one_life_at_a_time(count, 2);
      });
    }
  }

  TEST_CASE("a supervisor that is killed while it awaits orphans leaves them to its own parent") {
    over_seeds(20, [](tree_fixture& test) {
      const auto count = std::make_shared<lives>();
      const supervisor_init s{.children = {plain_supervisor("t", {.children = {slow(count)}})}};
      test.plant({.children = {plain_supervisor("s", s)}});
      test.cut("root/s/t");
      test.advance(1s);  // `s` awaits the orphan
      test.expect_restart(test.cut("root/s"));
      test.get("root/s/t/slow");
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("a supervisor that is killed while it stops its children leaves them to its own parent") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      const pid root = here.plant(
          {.max_restarts = 5}, {here.supervisor("root", "s", {.max_restarts = 0}, {slow(count), grove::worker("a")})});
      const pid upper = child_of(root, "s");
      crash(child_of(upper, "a"), "boom");
      settle();
      sleep(1s);  // `s` has given up, and waits for `slow`
      exit(upper, exit_reason::kill());
      settle();
      sleep(21s);
      REQUIRE(is_alive(root));
      CHECK(states_of(root) == texts{"s running"});
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("a supervisor that is killed while it starts leaves those it had started to its own parent") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      const pid root = here.plant(
          {.max_restarts = 5}, {here.supervisor("root", "s", {}, {slow(count), grove::worker("late", {.init = 5s})})});
      exit(child_of(root, "s"), exit_reason::kill());
      sleep(12s);  // `slow` has ended after ten; `s` has started its successor, and waits for `late`
      const pid starting = supervisor_of(whereis("slow"));
      exit(starting, exit_reason::kill());
      settle();
      CHECK(count->now == 1);
      sleep(21s);
      REQUIRE(is_alive(root));
      CHECK(states_of(root) == texts{"s running"});
      CHECK_FALSE(here.log().tells("already_started"));
      check_one_life_at_a_time(count, 3);
    });
  }

  TEST_CASE("a start that took too long is over when its orphans have ended as well (S55)") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      const auto begun = monotonic_time();
      const start_result result =
          start_supervisor(here.init_of({}, {slow(count), grove::worker("late", {.init = 5s})}), {.timeout = 1s});
      CHECK(result.error() == exit_reason::timeout());
      CHECK(monotonic_time() - begun == 11s);
      CHECK(count->now == 0);
      CHECK(count->begun == 1);
    });
  }

  TEST_CASE("a group is restarted when the orphans of all its members have ended") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      child_spec hasty = here.supervisor("root", "s", {}, {slow(count)});
      hasty.shutdown = shutdown_time::brutal_kill();
      const pid root = here.plant({.strategy = strategy::one_for_all}, {grove::worker("a"), hasty});
      crash(child_of(root, "a"), "boom");
      settle();
      sleep(11s);
      CHECK(states_of(root) == texts{"s running", "a running"});
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("terminate_child of a supervisor answers when the orphans have ended as well") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      child_spec impatient = here.supervisor("root", "s", {}, {slow(count)});
      impatient.shutdown = shutdown_time{1s};
      const pid root = here.plant({}, {impatient});
      CHECK(outcome(terminate_child(root, "s")) == "ok");
      CHECK(count->now == 0);
      CHECK(outcome(restart_child(root, "s")) == "ok");
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("an orphan has as long to end as its supervisor would have given it, and is killed then") {
    struct orphan_case {
      shutdown_time given;
      std::chrono::seconds lives_for;
    };
    for (const auto& [given, lives_for] : {orphan_case{shutdown_time{3s}, 3s}, orphan_case{shutdown_time{30s}, 10s},
                                           orphan_case{shutdown_time::brutal_kill(), 5s}}) {
      over_seeds(20, [given = given, lives_for = lives_for](tree_fixture& test) {
        const auto count = std::make_shared<lives>();
        test.plant({.children = {plain_supervisor("s", {.children = {slow(count, given)}})}});
        const pid s = test.cut("root/s");
        test.expect_down(s, "killed");
        test.expect_restart(s);
        CHECK(monotonic_time() == lives_for);
        check_one_life_at_a_time(count, 2);
      });
    }
  }

  TEST_CASE("an orphan that is a supervisor is not hurried: it ends its children in the time that each has") {
    over_seeds(20, [](tree_fixture& test) {
      const auto count = std::make_shared<lives>();
      child_spec t = plain_supervisor("t", {.children = {slow(count)}});
      t.shutdown = shutdown_time{1s};
      test.plant({.children = {plain_supervisor("s", {.children = {t}})}});
      test.expect_restart(test.cut("root/s"));
      CHECK(monotonic_time() == 10s);
      check_one_life_at_a_time(count, 2);
    });
  }

  TEST_CASE("an orphan that is killed for its time is reported") {
    in_grove([](grove& here) {
      const auto count = std::make_shared<lives>();
      const pid root = here.plant({}, {here.supervisor("root", "s", {}, {slow(count, shutdown_time{3s})})});
      exit(child_of(root, "s"), exit_reason::kill());
      sleep(4s);
      CHECK(here.log().tells("had not ended 3000 ms after"));
    });
  }

  TEST_CASE("an orphan whose start never ends is killed after five seconds") {
    in_grove([](grove& here) {
      int starts = 0;
      const start_function second_hangs = [&starts] {
        return ++starts == 2 ? start_link<never_ready>() : start_link<child>(habits{});
      };
      const pid root = here.plant({}, {here.supervisor("root", "s", {}, {grove::from("b", second_hangs)})});
      const pid s = child_of(root, "s");
      crash(child_of(s, "b"), "boom");
      settle();
      exit(s, exit_reason::kill());
      sleep(4999ms);
      CHECK(starts == 2);
      sleep(1ms);
      settle();
      CHECK(starts == 3);
      CHECK(states_of(child_of(root, "s")) == texts{"b running"});
    });
  }

  TEST_CASE("who is linked to a supervisor and no child of it is no orphan when it is killed: it is left alone") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {here.supervisor("root", "s", {}, {grove::worker("a")})});
      const pid s = child_of(root, "s");
      const pid stranger = spawn([s] {
        process_flag(trap_exit, true);
        link(s);
        receive([](const die&) {});
      });
      settle();
      exit(s, exit_reason::kill());
      settle();
      CHECK(states_of(root) == texts{"s running"});
      CHECK(child_of(root, "s") != s);
      sleep(1h);
      CHECK(is_alive(stranger));
      send(stranger, die{});
      await_end_of(stranger);
    });
  }

  TEST_CASE("a child that took its link away is no orphan: nobody waits for it (S89)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {here.supervisor("root", "s", {}, {grove::worker("a")})});
      const pid a = child_of(child_of(root, "s"), "a");
      cast(a, leave{});
      settle();
      exit(child_of(root, "s"), exit_reason::kill());
      settle();
      CHECK(is_alive(a));
      CHECK(child_of(child_of(root, "s"), "a") != a);
      exit(a, exit_reason::kill());
      await_end_of(a);
    });
  }
}
