#include <map>
#include <string>
#include <utility>
#include <vector>

#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

child_spec stopping_in(std::string id, shutdown_time shutdown, const habits& like) {
  child_spec made = grove::worker(std::move(id), like);
  made.shutdown = shutdown;
  return made;
}

// How long `work` takes, by the runtime's clock.
template <class Work>
std::chrono::nanoseconds time_of(Work work) {
  const auto before = monotonic_time();
  work();
  return monotonic_time() - before;
}

}  // namespace

TEST_SUITE("supervisor: shutdown") {
  TEST_CASE("a supervisor stops its children in reverse start order, one after the other (S87)") {
    in_grove([](grove& here) {
      std::vector<std::string> stops;
      const habits slow{.traps = true, .stop = 100ms, .stops = &stops};
      const pid root = here.plant({}, {grove::worker("a", slow), grove::worker("b", slow), grove::worker("c", slow)});
      here.seen();
      const auto took = time_of([&] { CHECK(grove::fell(root) == exit_reason::shutdown()); });
      CHECK(took == 300ms);
      CHECK(here.seen() ==
            texts{"end root/c shutdown", "end root/b shutdown", "end root/a shutdown", "end root shutdown"});
      CHECK(stops == texts{"shutdown", "shutdown", "shutdown"});
    });
  }

  TEST_CASE("a child that does not stop in time is killed, and waited for (S88)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {stopping_in("a", 200ms, {.traps = true, .stop = 1h})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 200ms);
      CHECK(here.seen() == texts{"end root/a killed", "end root shutdown"});
      CHECK(here.log().tells("killed"));
    });
  }

  TEST_CASE("a child that was killed is waited for, however long it takes to end (S88)") {
    class lingering : public server<lingering, are_you_there> {
     public:
      lingering() { process_flag(trap_exit, true); }
      lingering(const lingering&) = delete;
      lingering& operator=(const lingering&) = delete;
      ~lingering() override { sleep(1h); }
      bool handle(are_you_there /*asked*/) { return true; }
      void terminate(const exit_reason& /*reason*/) { sleep(24h); }
    };
    for (const auto& [shutdown, time] : {std::pair{shutdown_time{200ms}, std::chrono::milliseconds{1h} + 200ms},
                                         std::pair{shutdown_time::brutal_kill(), std::chrono::milliseconds{1h}}}) {
      in_grove([shutdown = shutdown, time = time](grove& here) {
        child_spec slow = grove::from("slow", starts<lingering>());
        slow.shutdown = shutdown;
        const pid root = here.plant({}, {grove::worker("a"), slow});
        here.seen();
        CHECK(time_of([&] { grove::fell(root); }) == time);
        CHECK(here.seen() == texts{"end root/slow killed", "end root/a shutdown", "end root shutdown"});
      });
    }
  }

  TEST_CASE("a child that stops just in time is not killed (S88)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {stopping_in("a", 200ms, {.traps = true, .stop = 199ms})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 199ms);
      CHECK(here.seen() == texts{"end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("brutal_kill does not ask (S88)") {
    in_grove([](grove& here) {
      std::vector<std::string> stops;
      const pid root = here.plant(
          {}, {stopping_in("a", shutdown_time::brutal_kill(), {.traps = true, .stop = 1h, .stops = &stops})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 0ms);
      CHECK(here.seen() == texts{"end root/a killed", "end root shutdown"});
      CHECK(stops.empty());
      CHECK_FALSE(here.log().tells("told to shut down"));
    });
  }

  TEST_CASE("infinity waits for as long as it takes (S88)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {stopping_in("a", shutdown_time::infinity(), {.traps = true, .stop = 48h})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 48h);
      CHECK(here.seen() == texts{"end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("shutdown 0 asks, and kills at once whoever needs time (S88)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {stopping_in("slow", 0ms, {.traps = true, .stop = 1ms})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 0ms);
      CHECK(here.seen() == texts{"end root/slow killed", "end root shutdown"});
    });
  }

  TEST_CASE("shutdown 0 ends a child that does not trap exits with shutdown, not with killed (S88, S90)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {stopping_in("a", 0ms, {})});
      here.seen();
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(here.seen() == texts{"end root/a shutdown"});
      CHECK_FALSE(here.log().tells("told to shut down"));
    });
  }

  TEST_CASE("the longest limits are no trouble") {
    in_grove([](grove& here) {
      const pid root =
          here.plant({}, {stopping_in("a", 4'294'967'295ms, {.traps = true, .stop = 24h * 49}),
                          stopping_in("b", std::chrono::milliseconds::max() - 1ms, {.traps = true, .stop = 1h}),
                          stopping_in("c", infinity, {.traps = true, .stop = 1h})});
      here.seen();
      CHECK(time_of([&] { grove::fell(root); }) == 24h * 49 + 2h);
      CHECK(here.seen() ==
            texts{"end root/c shutdown", "end root/b shutdown", "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("a child that took its link away can still be stopped (S89)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a"), grove::worker("b", {.traps = true, .stop = 10ms})});
      const pid a = child_of(root, "a");
      const pid b = child_of(root, "b");
      cast(a, leave{});
      cast(b, leave{});
      settle();
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK_FALSE(is_alive(a));
      here.clear();
      CHECK_FALSE(is_alive(b));
    });
  }

  TEST_CASE("a child that took its link away and dies is not missed by its supervisor (S89)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a")});
      const pid a = child_of(root, "a");
      cast(a, leave{});
      crash(a, "boom");
      settle();
      CHECK_FALSE(is_alive(a));
      CHECK(child_of(root, "a") == a);
      CHECK(to_string(count_children(root)) == "1 specs, 0 active, 0 supervisors, 1 workers");
      CHECK(outcome(restart_child(root, "a")) == "running");
      CHECK(outcome(delete_child(root, "a")) == "running");
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(outcome(restart_child(root, "a")) == "ok");
    });
  }

  TEST_CASE("a child that does not trap exits is ended without terminate (S90)") {
    in_grove([](grove& here) {
      std::vector<std::string> stops;
      const pid root =
          here.plant({}, {grove::worker("a", {.stops = &stops}), grove::worker("b", {.traps = true, .stops = &stops})});
      grove::fell(root);
      CHECK(stops == texts{"shutdown"});
    });
  }

  TEST_CASE("children that crash while they stop do not change the supervisor's reason, and are reported (S91)") {
    in_grove([](grove& here) {
      const pid root = here.plant(
          {}, {grove::worker("a"), grove::worker("b", {.traps = true, .crash = "bang"}), grove::worker("c")});
      here.seen();
      CHECK(grove::fell(root) == exit_reason::shutdown());
      CHECK(here.seen() == texts{"end root/c shutdown", "end root/b bang", "end root/a shutdown", "end root shutdown"});
      CHECK(here.log().tells("child \"b\""));
      CHECK(here.log().tells("ended with bang when it was told to shut down"));
    });
  }

  TEST_CASE("which ends a supervisor expects of a child that it stops (S91)") {
    struct expectation {
      restart_type restart;
      std::string end;
      bool reported;
    };
    const std::vector<expectation> all{
        {restart_type::permanent, "normal", true},  {restart_type::permanent, "{shutdown,x}", true},
        {restart_type::transient, "normal", false}, {restart_type::transient, "{shutdown,x}", false},
        {restart_type::temporary, "normal", false}, {restart_type::temporary, "{shutdown,x}", false},
        {restart_type::permanent, "killed", true},  {restart_type::transient, "boom", true},
    };
    for (const auto& each : all) {
      in_grove([&each](grove& here) {
        const pid root = here.plant({}, {grove::worker("a", each.restart, {.traps = true, .crash = each.end})});
        grove::fell(root);
        CHECK_MESSAGE(here.log().tells("when it was told to shut down") == each.reported, to_string(each.restart)
                                                                                              << " " << each.end);
      });
    }
  }

  TEST_CASE("which ends it expects of a child that was dead already when it was to be stopped (S91)") {
    struct expectation {
      restart_type restart;
      shutdown_time shutdown;
      std::string end;
      bool reported;
    };
    const shutdown_time kill = shutdown_time::brutal_kill();
    const shutdown_time ask{1s};
    using enum restart_type;
    const std::vector<expectation> all{
        {permanent, kill, "normal", true},        {permanent, kill, "shutdown", true},
        {permanent, kill, "{shutdown,x}", true},  {permanent, kill, "killed", false},
        {permanent, kill, "boom", true},          {permanent, ask, "normal", true},
        {permanent, ask, "shutdown", false},      {permanent, ask, "{shutdown,x}", true},
        {permanent, ask, "killed", true},         {permanent, ask, "boom", true},
        {transient, kill, "normal", false},       {transient, kill, "shutdown", false},
        {transient, kill, "{shutdown,x}", false}, {transient, kill, "killed", false},
        {transient, kill, "boom", true},          {transient, ask, "normal", false},
        {transient, ask, "shutdown", false},      {transient, ask, "{shutdown,x}", false},
        {transient, ask, "killed", true},         {transient, ask, "boom", true},
        {temporary, kill, "normal", false},       {temporary, kill, "boom", true},
        {temporary, ask, "shutdown", false},      {temporary, ask, "killed", true},
    };
    for (const auto& each : all) {
      INFO(to_string(each.restart) << ", " << to_string(each.shutdown) << ", ended with " << each.end);
      in_grove([&each](grove& here) {
        child_spec spec = grove::worker("a", each.restart);
        spec.shutdown = each.shutdown;
        const pid root = here.plant({.max_restarts = 0}, {spec});
        const pid a = child_of(root, "a");
        // The supervisor is busy while the request comes in, and then the exit signal.
        const spawned starter = spawn_monitor([root] { start_child(root, grove::worker("slow", {.init = 100ms})); });
        settle();
        const spawned ender = spawn_monitor([root] { CHECK(outcome(terminate_child(root, "a")) == "ok"); });
        settle();
        crash(a, each.end);
        reason_of(starter);
        reason_of(ender);
        settle();
        CHECK(here.log().tells("ended with " + each.end + " when it was told to shut down") == each.reported);
        CHECK(states_of(root) ==
              (each.restart == temporary ? texts{"slow running"} : texts{"slow running", "a undefined"}));
      });
    }
  }

  TEST_CASE("the parent's exit signal stops a supervisor with its reason, normal too (S92)") {
    for (const std::string reason : {"normal", "shutdown", "{shutdown,x}", "boom"}) {
      in_grove([&reason](grove& here) {
        const pid root = here.plant({}, {grove::worker("a")});
        here.seen();
        CHECK(grove::fell(root, exit_reason::parse(reason)) == exit_reason::parse(reason));
        CHECK(here.seen() == texts{"end root/a shutdown", "end root " + reason});
      });
    }
  }

  TEST_CASE("the end of its parent stops a supervisor with that reason (S92)") {
    for (const std::string reason : {"normal", "shutdown", "boom", "killed"}) {
      in_grove([&reason](grove& here) {
        const spawned parent = spawn_monitor([&here, &reason, main = self()] {
          send(main, start_supervisor(here.init_of({}, {grove::worker("a")})).process());
          receive([](die) {});
          exit(exit_reason::parse(reason));
        });
        const reference watched = monitor(next<pid>());
        send(parent.process, die{});
        CHECK(reason_of(watched).to_string() == reason);
        CHECK(reason_of(parent).to_string() == reason);
        CHECK(here.seen() == texts{"start root/a", "end root/a shutdown"});
      });
    }
  }

  TEST_CASE("exit signals of strangers are ignored, shutdown and normal among them (S92)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      const pid a = child_of(root, "a");
      here.seen();
      for (const std::string reason : {"normal", "shutdown", "{shutdown,x}", "killed", "boom"}) {
        await_end_of(spawn([root, &reason] { exit(root, exit_reason::parse(reason)); }));
        await_end_of(spawn([root, &reason] {
          link(root);
          exit(exit_reason::parse(reason));
        }));
        settle();
        CHECK_MESSAGE(is_alive(root), reason);
      }
      CHECK(child_of(root, "a") == a);
      CHECK(here.seen().empty());
    });
  }

  TEST_CASE("only kill ends a supervisor from outside; it stops nothing, its children end with killed (S92, S93)") {
    in_grove([](grove& here) {
      std::vector<std::string> stops;
      const pid root = here.plant({}, {grove::worker("a"), grove::worker("b", {.traps = true, .stops = &stops}),
                                       here.supervisor("root", "s", {}, {grove::worker("x")})});
      here.seen();
      const reference watched = monitor(root);
      await_end_of(spawn([root] { exit(root, exit_reason::kill()); }));
      CHECK(reason_of(watched) == exit_reason::killed());
      settle();
      texts ends = here.seen();
      REQUIRE(ends.size() == 5);
      CHECK(ends.front() == "end root killed");
      CHECK(std::find(ends.begin(), ends.end(), "end root/s/x shutdown") <
            std::find(ends.begin(), ends.end(), "end root/s killed"));
      std::sort(ends.begin(), ends.end());
      CHECK(ends == texts{"end root killed", "end root/a killed", "end root/b killed", "end root/s killed",
                          "end root/s/x shutdown"});
      CHECK(stops == texts{"killed"});
      CHECK(here.population() == 0);
    });
  }

  TEST_CASE("a child that ends by itself just as it is told to shut down is reported, and done with") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 5}, {grove::worker("a"), grove::worker("b")});
      const pid a = child_of(root, "a");
      here.seen();
      // The crash is in the child's queue, behind which comes the exit signal of its supervisor.
      crash(a, "boom");
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      settle();
      CHECK(states_of(root) == texts{"b running", "a undefined"});
      CHECK(outcome(restart_child(root, "a")) == "ok");
    });
  }

  TEST_CASE("of children that are dead already, only those of the group go with it") {
    const std::vector<std::pair<std::string, std::string>> starts_by_deaths{{"cdbe", "cdebcde"}, {"ea", "eabcde"}};
    for (const auto& [deaths, starts] : starts_by_deaths) {
      in_grove([&deaths, &starts](grove& here) {
        const pid root = here.plant(
            {.strategy = strategy::rest_for_one, .max_restarts = 5},
            {grove::worker("a"), grove::worker("b"), grove::worker("c"), grove::worker("d"), grove::worker("e")});
        std::map<char, pid> children;
        for (const auto& each : which_children(root)) children.emplace(each.id.front(), each.process);
        here.seen();
        // While they die the supervisor is busy.
        const spawned starter = spawn_monitor([root] { start_child(root, grove::worker("slow", {.init = 100ms})); });
        settle();
        for (const char id : deaths) {
          exit(children[id], exit_reason{"boom"});
          settle();
        }
        reason_of(starter);
        sleep(1s);
        settle();
        std::string started;
        for (const std::string& line : here.seen()) {
          if (line.starts_with("start root/") && line != "start root/slow") started += line.back();
        }
        CHECK(started == starts);
      });
    }
  }

  TEST_CASE("a child that is dead already when it is told to shut down is not restarted") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 5}, {grove::worker("a", {.init = 0ms}), grove::worker("b")});
      const pid a = child_of(root, "a");
      // While the supervisor is busy starting `slow`, `a` dies and the request to end it comes in, in either order.
      const spawned starter = spawn_monitor([root] { start_child(root, grove::worker("slow", {.init = 100ms})); });
      settle();
      const spawned ender = spawn_monitor([root] { terminate_child(root, "a"); });
      settle();
      crash(a, "boom");
      reason_of(starter);
      reason_of(ender);
      settle();
      CHECK(states_of(root) == texts{"slow running", "b running", "a undefined"});
      CHECK(here.log().tells("ended with boom when it was told to shut down"));
    });
  }
}
