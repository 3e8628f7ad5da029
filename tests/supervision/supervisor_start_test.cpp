#include <stdexcept>

#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct odd_exception {};

// What a start function does instead of returning a pid, and what the failed start is to say.
struct broken_start {
  std::string_view what;
  start_function start;
  std::string_view reason;
};

std::vector<broken_start> broken_starts() {
  return {
      {"fails", [] { return start_result::failed(exit_reason{"boom"}); }, "boom"},
      {"exits", []() -> start_result { exit("out"); }, "out"},
      {"exits with a tuple", []() -> start_result { exit(exit_reason::parse("{shutdown,x}")); }, "{shutdown,x}"},
      {"throws an error", []() -> start_result { throw error{"badarg"}; }, "badarg"},
      {"throws an exception", []() -> start_result { throw std::runtime_error{"no disk"}; }, "no disk"},
      {"throws an int", []() -> start_result { throw 42; }, "int"},  // NOLINT(hicpp-exception-baseclass)
      {"throws a class of its own", []() -> start_result { throw odd_exception{}; },
       "odd_exception"},  // NOLINT(hicpp-exception-baseclass)
      {"throws a text", []() -> start_result { throw std::string{"no disk"}; },
       "no disk"},  // NOLINT(hicpp-exception-baseclass)
      {"calls an empty function", []() -> start_result { return start_function{}(); }, "bad_function_call"},
      {"starts a server that fails in its constructor", [] { return start_link<child>(habits{.init = -1ms}); },
       "timeout_value"},
      {"calls a process that is not there",
       []() -> start_result {
         call(pid::from_value(1), are_you_there{});
         return start_result::ignored();
       },
       "noproc"},
      {"calls its own supervisor",
       []() -> start_result {
         count_children(self());
         return start_result::ignored();
       },
       "calling_self"},
  };
}

}  // namespace

TEST_SUITE("supervisor: start") {
  TEST_CASE("children start in list order, each when the one before it has started (S83)") {
    in_grove([](grove& here) {
      const auto before = monotonic_time();
      here.plant({}, {grove::worker("a", {.init = 30ms}), grove::worker("b", {.init = 20ms}),
                      grove::worker("c", {.init = 10ms})});
      CHECK(monotonic_time() - before == 60ms);
      CHECK(here.seen() == texts{"start root/a", "start root/b", "start root/c"});
    });
  }

  TEST_CASE("which_children lists the last started first, and one added later before all (S83)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a"), grove::worker("b")});
      CHECK(states_of(root) == texts{"b running", "a running"});
      CHECK(outcome(start_child(root, grove::worker("aa"))) == "ok");
      CHECK(states_of(root) == texts{"aa running", "b running", "a running"});
      here.seen();
      here.clear();
      CHECK(here.seen() ==
            texts{"end root/aa shutdown", "end root/b shutdown", "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("a tree starts and is shut down depth first") {
    in_grove([](grove& here) {
      here.plant({}, {grove::worker("a"),
                      here.supervisor("root", "s", {},
                                      {grove::worker("x"), here.supervisor("root/s", "t", {}, {grove::worker("y")})}),
                      grove::worker("b")});
      CHECK(here.seen() == texts{"start root/a", "start root/s/x", "start root/s/t/y", "start root/s/t", "start root/s",
                                 "start root/b"});
      here.clear();
      CHECK(here.seen() == texts{"end root/b shutdown", "end root/s/t/y shutdown", "end root/s/t shutdown",
                                 "end root/s/x shutdown", "end root/s shutdown", "end root/a shutdown",
                                 "end root shutdown"});
    });
  }

  TEST_CASE("whatever a start function throws is a failed start, never the end of the supervisor (S84)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      for (const auto& broken : broken_starts()) {
        const child_result result = start_child(root, grove::from("b", broken.start));
        CHECK_MESSAGE(result.error() == child_error::start_failed, "a start function that " << broken.what);
        CHECK_MESSAGE(result.reason().to_string().find(broken.reason) != std::string::npos,
                      "a start function that " << broken.what << ": " << result.reason().to_string());
        CHECK_MESSAGE(states_of(root) == texts{"a running"}, "after one that " << broken.what);
      }
    });
  }

  TEST_CASE("whatever a start function throws fails the start of the supervisor (S84, S85)") {
    in_grove([](grove& here) {
      for (const auto& broken : broken_starts()) {
        const start_result result =
            start_supervisor(here.init_of({}, {grove::worker("a"), grove::from("b", broken.start)}));
        CHECK_MESSAGE(result.is_failed(), "a start function that " << broken.what);
        const std::string reason = result.error().to_string();
        CHECK_MESSAGE(reason.starts_with("{shutdown,{failed_to_start_child,b,"),
                      "a start function that " << broken.what << ": " << reason);
        CHECK_MESSAGE(reason.find(broken.reason) != std::string::npos,
                      "a start function that " << broken.what << ": " << reason);
        CHECK(here.population() == 0);
      }
    });
  }

  TEST_CASE("a child that is given by a function is supervised like a server (S84)") {
    in_grove([](grove& here) {
      int starts_of_a = 0;
      const pid root =
          here.plant({}, {grove::from("a", [&starts_of_a] {
                       ++starts_of_a;
                       return start_result::ok(spawn_link([] { receive([](die told) { exit(told.reason); }); }));
                     })});
      CHECK(starts_of_a == 1);
      const pid first = child_of(root, "a");
      send(first, die{exit_reason{"boom"}});
      settle();
      CHECK(starts_of_a == 2);
      const pid second = child_of(root, "a");
      CHECK(second);
      CHECK(second != first);
      CHECK(is_alive(second));
      CHECK(here.seen() == texts{"start root/a", "end root/a boom", "start root/a"});
      here.clear();
      CHECK(here.seen() == texts{"end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("a child that is dead before its start function returns is restarted, until the supervisor gives up") {
    in_grove([](grove& here) {
      int attempts = 0;
      const pid root = here.plant({.max_restarts = 3}, {});
      const reference watched = monitor(root);
      const child_result started = start_child(root, grove::from("a", [&attempts] {
                                                 ++attempts;
                                                 const pid brief = spawn_link([] { exit("brief"); });
                                                 await_end_of(brief);
                                                 return start_result::ok(brief);
                                               }));
      CHECK(started.process());
      CHECK(reason_of(watched) == exit_reason::shutdown());
      CHECK(attempts == 4);
    });
  }

  TEST_CASE(
      "a start function that returns a process which is not linked to it is not restarted, and can be stopped (S89)") {
    in_grove([](grove& here) {
      const pid stranger = dead_process();
      const pid root = here.plant({}, {grove::from("dead", [stranger] { return start_result::ok(stranger); }),
                                       grove::from("free", [] { return start<child>(habits{}); })});
      CHECK(to_string(count_children(root)) == "2 specs, 1 active, 0 supervisors, 2 workers");
      CHECK(outcome(terminate_child(root, "dead")) == "ok");
      const pid free = child_of(root, "free");
      CHECK(outcome(terminate_child(root, "free")) == "ok");
      CHECK_FALSE(is_alive(free));
      CHECK(states_of(root) == texts{"free undefined", "dead undefined"});
    });
  }

  TEST_CASE("two children that share one process do not confuse their supervisor") {
    in_grove([](grove& here) {
      pid shared;
      const auto give = [&shared] {
        if (!shared || !is_alive(shared)) shared = spawn_link([] { receive([](die told) { exit(told.reason); }); });
        return start_result::ok(shared);
      };
      const pid root = here.plant({.max_restarts = 5}, {grove::from("a", give), grove::from("b", give)});
      send(shared, die{exit_reason{"boom"}});
      settle();
      CHECK(count_children(root).specs == 2);
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(outcome(terminate_child(root, "b")) == "ok");
      CHECK(count_children(root).active == 0);
    });
  }

  TEST_CASE("a start that fails stops those before it in reverse order, and starts none after it (S85)") {
    in_grove([](grove& here) {
      start_plan plan;
      plan.fails(1, "boom");
      const start_result result = start_supervisor(
          here.init_of({}, {grove::worker("a"), grove::worker("b"), grove::planned("c", plan), grove::worker("d")}));
      REQUIRE(result.is_failed());
      CHECK(result.error().to_string() == "{shutdown,{failed_to_start_child,c,boom}}");
      CHECK(here.seen() ==
            texts{"start root/a", "start root/b", "fail root/c boom", "end root/b shutdown", "end root/a shutdown"});
      // S57: the link of the failed start is felt, too.
      CHECK(next<exit_signal>().reason == result.error());
    });
  }

  TEST_CASE("the reason of a failed start nests with the supervisors (S85)") {
    in_grove([](grove& here) {
      start_plan plan;
      plan.fails(1, "boom");
      const start_result result = start_supervisor(here.init_of(
          {}, {grove::worker("a"), here.supervisor("root", "s", {}, {grove::worker("b"), grove::planned("c", plan)})}));
      REQUIRE(result.is_failed());
      CHECK(result.error().to_string() ==
            "{shutdown,{failed_to_start_child,s,{shutdown,{failed_to_start_child,c,boom}}}}");
      CHECK(here.seen() == texts{"start root/a", "start root/s/b", "fail root/s/c boom", "end root/s/b shutdown",
                                 "fail root/s {shutdown,{failed_to_start_child,c,boom}}", "end root/a shutdown"});
    });
  }

  TEST_CASE("a name that is taken fails the start of a supervisor, which is then not there (S59)") {
    in_grove([](grove& here) {
      const pid first = here.plant({}, {}, {.name = "the_root"});
      const start_result second = start_supervisor(here.init_of({}, {grove::worker("a")}), {.name = "the_root"});
      CHECK(second.is_failed());
      CHECK(second.process() == first);
      CHECK(here.seen().empty());
      CHECK(to_string(count_children("the_root")) == "0 specs, 0 active, 0 supervisors, 0 workers");
    });
  }

  TEST_CASE("a child that is ignored is kept without a process; a temporary one is forgotten (S86)") {
    in_grove([](grove& here) {
      start_plan plan;
      plan.ignores(3);
      const pid root = here.plant({}, {grove::planned("p", plan), grove::planned("tr", plan, restart_type::transient),
                                       grove::planned("te", plan, restart_type::temporary), grove::worker("last")});
      CHECK(states_of(root) == texts{"last running", "tr undefined", "p undefined"});
      CHECK(to_string(count_children(root)) == "3 specs, 1 active, 0 supervisors, 3 workers");
      CHECK(here.seen() == texts{"start root/last"});
    });
  }

  TEST_CASE("a server that asks to be ignored in its constructor is such a child (S86)") {
    in_grove([](grove& here) {
      struct shy : server<shy, are_you_there> {
        shy() { ignore(); }
        bool handle(are_you_there /*asked*/) { return true; }
      };
      const pid root = here.plant({}, {grove::from("a", starts<shy>())});
      CHECK(states_of(root) == texts{"a undefined"});
      settle();
      CHECK(states_of(root) == texts{"a undefined"});
    });
  }

  TEST_CASE("a supervisor whose parent dies while it starts children finishes that, then stops them (S94)") {
    in_grove([](grove& here) {
      const spawned parent = spawn_monitor([&here] {
        static_cast<void>(
            start_supervisor(here.init_of({}, {grove::worker("a", {.init = 10ms}), grove::worker("b", {.init = 10ms}),
                                               grove::worker("c", {.init = 10ms})})));
      });
      sleep(15ms);
      const auto all = processes();
      const auto starting = std::find_if(all.begin(), all.end(), [&parent](pid each) {
        const auto found = process_info(each, info::parent);
        return found && found->parent == parent.process;
      });
      REQUIRE(starting != all.end());
      const reference watched = monitor(*starting);
      exit(parent.process, "gone");
      CHECK(reason_of(parent) == exit_reason{"gone"});
      CHECK(here.seen() == texts{"start root/a"});
      CHECK(reason_of(watched) == exit_reason{"gone"});
      CHECK(here.seen() ==
            texts{"start root/b", "start root/c", "end root/c shutdown", "end root/b shutdown", "end root/a shutdown"});
      CHECK(here.population() == 0);
    });
  }

  TEST_CASE("a faulty child spec starts nothing, and says what is wrong with it (S95)") {
    in_grove([](grove& here) {
      child_spec hasty = grove::worker("b");
      hasty.shutdown = shutdown_time{-5000ms};
      child_spec significant = grove::worker("b");
      significant.significant = true;
      const std::vector<std::pair<child_spec, std::string>> cases{
          {grove::worker("a"), "{start_spec,{duplicate_child_name,a}}"},
          {grove::worker(""), "{start_spec,missing_id}"},
          {grove::from("b", {}), "{start_spec,missing_start}"},
          {hasty, "{start_spec,{invalid_shutdown,-5000}}"},
          {significant, "{start_spec,{bad_combination,"},
      };
      for (const auto& [wrong, reason] : cases) {
        const start_result result = start_supervisor(here.init_of({}, {grove::worker("a"), wrong}));
        CHECK(result.is_failed());
        CHECK_MESSAGE(result.error().to_string().starts_with(reason), result.error().to_string());
        CHECK(here.seen().empty());
      }
    });
  }

  TEST_CASE("a window that is no time is refused (S95)") {
    in_grove([](grove& here) {
      for (const auto wrong : {0s, -1s}) {
        const start_result result = start_supervisor(here.init_of({.max_seconds = wrong}, {grove::worker("a")}));
        CHECK(result.is_failed());
        CHECK(result.error().to_string() == "{supervisor_data,{invalid_period," + std::to_string(wrong.count()) + "}}");
        CHECK(here.seen().empty());
      }
    });
  }

  TEST_CASE("a name that a child had is free for its successor (S12, S58)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 100},
                                  {grove::from("a", [] { return start_link<child>({.name = "oak"}, habits{}); })});
      for (int round = 0; round < 50; ++round) {
        const pid held = whereis("oak");
        CHECK(held == child_of(root, "a"));
        if (round % 2 == 0) {
          exit(held, exit_reason::kill());
        } else {
          crash(held, "boom");
        }
        settle();
        CHECK(whereis("oak"));
        CHECK(whereis("oak") != held);
      }
      CHECK_FALSE(here.log().tells("already_started"));
    });
  }
}
