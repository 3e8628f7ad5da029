#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct unknown_question {
  using reply = int;
};
struct unknown_message {};

// The reason with which `body` exits its process; `normal` if it does not.
template <class Body>
std::string exit_of(Body body) {
  try {
    body();
  } catch (const exit_exception& thrown) {
    return thrown.reason.to_string();
  }
  return "normal";
}

}  // namespace

TEST_SUITE("supervisor: operations on children") {
  TEST_CASE("start_child answers with the process, or says what stands in its way (S116)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({}, {});
      const child_result added = start_child(root, grove::worker("a"));
      CHECK(added);
      CHECK(added.process() == child_of(root, "a"));

      const child_result again = start_child(root, grove::worker("a"));
      CHECK(again.error() == child_error::already_started);
      CHECK(again.process() == added.process());

      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(outcome(start_child(root, grove::worker("a"))) == "already_present");

      plan.fails(1, "no").ignores(2);
      CHECK(outcome(start_child(root, grove::planned("b", plan))) == "start_failed no");
      CHECK(outcome(start_child(root, grove::planned("c", plan))) == "ok undefined");
      CHECK(outcome(start_child(root, grove::planned("d", plan, restart_type::temporary))) == "ok undefined");
      CHECK(outcome(start_child(root, grove::planned("d", plan, restart_type::temporary))) == "ok");
      CHECK(states_of(root) == texts{"d running", "c undefined", "a undefined"});
    });
  }

  TEST_CASE("a start function that answers with nobody has failed (S84, S116)") {
    in_grove([](grove& here) {
      const auto nobody = [] { return start_result::ok(pid{}); };
      const pid root = here.plant({}, {grove::worker("a")});
      here.seen();
      CHECK(outcome(start_child(root, grove::from("b", nobody))) == "start_failed {ok,undefined}");
      CHECK(states_of(root) == texts{"a running"});
      CHECK(here.seen() == texts{"fail root/b {ok,undefined}"});
      CHECK(start_supervisor(here.init_of({}, {grove::from("b", nobody)})).error().to_string() ==
            "{shutdown,{failed_to_start_child,b,{ok,undefined}}}");
    });
  }

  TEST_CASE("a start function that finds its process running already has failed, and the child is not kept (S116)") {
    in_grove([](grove& here) {
      const pid holder = start_link<child>({.name = "oak"}, habits{}).process();
      const pid root = here.plant({}, {});
      const child_spec oak = grove::from("oak", [] { return start_link<child>({.name = "oak"}, habits{}); });
      const child_result result = start_child(root, oak);
      // Not the error `already_started`, which is about ids.
      CHECK(outcome(result) == "start_failed {already_started," + to_string(holder) + "}");
      CHECK(states_of(root).empty());
      stop_server(holder);
      CHECK(outcome(start_child(root, oak)) == "ok");
    });
  }

  TEST_CASE("nothing is kept of a child whose start_child failed: its id is free (S116)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      plan.fails(3, "no");
      for (int i = 0; i < 3; ++i) CHECK(outcome(start_child(root, grove::planned("b", plan))) == "start_failed no");
      CHECK(states_of(root) == texts{"a running"});
      CHECK(outcome(restart_child(root, "b")) == "not_found");
      CHECK(outcome(start_child(root, grove::planned("b", plan))) == "ok");
    });
  }

  TEST_CASE("start_child checks the spec before the id (S115, S116)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a")});
      child_spec wrong = grove::worker("a");
      wrong.significant = true;
      CHECK(start_child(root, wrong).error() == child_error::bad_combination);
      CHECK(outcome(start_child(root, grove::worker(""))) == "bad_spec missing_id");
      CHECK(outcome(start_child(root, grove::from("b", {}))) == "bad_spec missing_start");
      wrong = grove::worker("b");
      wrong.shutdown = shutdown_time{-1ms};
      CHECK(outcome(start_child(root, wrong)) == "bad_spec {invalid_shutdown,-1}");
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE(
      "terminate_child answers ok for any child that is known, and keeps its spec unless it is temporary (S117)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a"), grove::worker("t", restart_type::temporary)});
      CHECK(outcome(terminate_child(root, "nobody")) == "not_found");
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      CHECK(outcome(terminate_child(root, "t")) == "ok");
      CHECK(outcome(terminate_child(root, "t")) == "not_found");
      CHECK(states_of(root) == texts{"a undefined"});
    });
  }

  TEST_CASE("a terminated child stays down, and its end restarts nobody (S117)") {
    for (const strategy how : {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
      in_grove([how](grove& here) {
        const pid root = here.plant({.strategy = how, .max_restarts = 0}, {grove::worker("a"), grove::worker("b")});
        here.seen();
        CHECK(outcome(terminate_child(root, "a")) == "ok");
        settle();
        CHECK(here.seen() == texts{"end root/a shutdown"});
        CHECK(states_of(root) == texts{"b running", "a undefined"});
      });
    }
  }

  TEST_CASE("delete_child forgets a child that does not run (S118)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a"), grove::worker("b")});
      CHECK(outcome(delete_child(root, "nobody")) == "not_found");
      CHECK(outcome(delete_child(root, "a")) == "running");
      terminate_child(root, "a");
      CHECK(outcome(delete_child(root, "a")) == "ok");
      CHECK(outcome(delete_child(root, "a")) == "not_found");
      CHECK(states_of(root) == texts{"b running"});
      CHECK(outcome(start_child(root, grove::worker("a"))) == "ok");
      CHECK(states_of(root) == texts{"a running", "b running"});
    });
  }

  TEST_CASE("restart_child starts a child that does not run, once (S118)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.max_restarts = 0}, {grove::planned("a", plan), grove::worker("b")});
      CHECK(outcome(restart_child(root, "nobody")) == "not_found");
      const child_result running = restart_child(root, "a");
      CHECK(running.error() == child_error::running);
      terminate_child(root, "a");
      plan.fails(1, "no").ignores();
      CHECK(outcome(restart_child(root, "a")) == "start_failed no");
      settle();
      CHECK(states_of(root) == texts{"b running", "a undefined"});
      CHECK(outcome(restart_child(root, "a")) == "ok undefined");
      const child_result started = restart_child(root, "a");
      CHECK(started.process() == child_of(root, "a"));
      CHECK(states_of(root) == texts{"b running", "a running"});
    });
  }

  TEST_CASE("which_children tells id, process, type and state of each (S119)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a"), here.supervisor("root", "s", {}, {}), grove::worker("b")});
      terminate_child(root, "b");
      const auto listed = which_children(root);
      REQUIRE(listed.size() == 3);
      CHECK(listed[0].id == "b");
      CHECK_FALSE(listed[0].process);
      CHECK(listed[0].status == child_info::state::undefined);
      CHECK(listed[1].id == "s");
      CHECK(listed[1].type == child_type::supervisor);
      CHECK(is_alive(listed[1].process));
      CHECK(listed[1].status == child_info::state::running);
      CHECK(listed[2].id == "a");
      CHECK(listed[2].type == child_type::worker);
    });
  }

  TEST_CASE("count_children counts specs, those alive, supervisors and workers; who does not run counts too (S119)") {
    in_grove([](grove& here) {
      const pid root = here.plant(
          {}, {grove::worker("a"), grove::worker("b"), here.supervisor("root", "s", {}, {grove::worker("x")}),
               here.supervisor("root", "t", {}, {})});
      CHECK(to_string(count_children(root)) == "4 specs, 4 active, 2 supervisors, 2 workers");
      terminate_child(root, "s");
      terminate_child(root, "a");
      CHECK(to_string(count_children(root)) == "4 specs, 2 active, 2 supervisors, 2 workers");
    });
  }

  TEST_CASE("a slow start blocks every other request, and they are served in order (S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {});
      const auto before = monotonic_time();
      const spawned starter = spawn_monitor([root] { start_child(root, grove::worker("slow", {.init = 60s})); });
      settle();
      CHECK(states_of(root) == texts{"slow running"});
      CHECK(monotonic_time() - before == 60s);
      reason_of(starter);
    });
  }

  TEST_CASE("operations wait for the supervisor for as long as it takes (S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {});
      spawn([root] { start_child(root, grove::worker("slow", {.init = 5h})); });
      settle();
      CHECK(count_children(root).active == 1);
    });
  }

  TEST_CASE("operations on a supervisor that is not there exit with noproc (S120)") {
    in_grove([](grove& /*here*/) {
      const pid dead = dead_process();
      const std::vector<std::function<void()>> operations{
          [dead] { start_child(dead, grove::worker("a")); },
          [dead] { terminate_child(dead, "a"); },
          [dead] { restart_child(dead, "a"); },
          [dead] { delete_child(dead, "a"); },
          [dead] { which_children(dead); },
          [dead] { count_children(dead); },
          [] { which_children("no_such_name"); },
      };
      for (const auto& each : operations) CHECK(exit_of(each).starts_with("{noproc,"));
    });
  }

  TEST_CASE("callers of a supervisor that ends meanwhile get its reason (S64, S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("slow", {.traps = true, .stop = 1s})});
      const reference watched = monitor(root);
      exit(root, exit_reason::shutdown());
      settle();
      CHECK(exit_of([root] { which_children(root); }).starts_with("{shutdown,"));
      CHECK(reason_of(watched) == exit_reason::shutdown());
    });
  }

  TEST_CASE("an unknown call is logged and answered with an error, and the supervisor goes on (S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      CHECK(exit_of([root] { call(root, unknown_question{}); }).starts_with("{undef,"));
      CHECK(exit_of([root] { call(root, are_you_there{}); }).starts_with("{undef,"));
      CHECK(here.log().tells("unknown_question"));
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE("unknown messages are logged and ignored (S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      send(root, unknown_message{});
      send(root, 42);
      send(root, "text");
      send(root, down{});
      settle();
      CHECK(here.log().tells("unknown_message"));
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE("an unknown cast is logged and ignored (S120)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 0}, {grove::worker("a")});
      cast(root, unknown_message{});
      settle();
      CHECK(here.log().tells("unknown_message"));
      REQUIRE(is_alive(root));
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE("the requests of a supervisor that come without a caller do no harm") {
    in_grove([](grove& here) {
      const pid root = here.plant({}, {grove::worker("a")});
      // What only clients and the supervisor itself send, sent by hand.
      send(root, exit_signal{pid::from_value(12345), exit_reason{"boom"}});
      send(root, exit_signal{});
      settle();
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE("supervisors are found by name") {
    in_grove([](grove& here) {
      here.plant({}, {}, {.name = "shop"});
      CHECK(outcome(start_child("shop", grove::worker("a"))) == "ok");
      CHECK(states_of(whereis("shop")) == texts{"a running"});
      CHECK(outcome(terminate_child("shop", "a")) == "ok");
      CHECK(outcome(restart_child("shop", "a")) == "ok");
      CHECK(outcome(terminate_child("shop", "a")) == "ok");
      CHECK(outcome(delete_child("shop", "a")) == "ok");
      CHECK(count_children("shop").specs == 0);
    });
  }

  TEST_CASE("10,000 children are started one by one, counted, ended in reverse order and forgotten") {
    in_grove([](grove& here) {
      constexpr std::size_t many = 10'000;
      const pid root = here.plant({}, {});
      for (std::size_t i = 0; i < many; ++i) {
        if (!start_child(root, grove::worker("w" + std::to_string(i)))) FAIL_CHECK("child " << i << " did not start");
      }
      CHECK(count_children(root).active == many);
      CHECK(which_children(root).front().id == "w9999");
      CHECK(here.population() == many + 1);
      for (std::size_t i = 0; i < many; i += 2) {
        terminate_child(root, "w" + std::to_string(i));
        delete_child(root, "w" + std::to_string(i));
      }
      CHECK(to_string(count_children(root)) == "5000 specs, 5000 active, 0 supervisors, 5000 workers");
      here.seen();
      here.clear();
      const texts ends = here.seen();
      REQUIRE(ends.size() == many / 2 + 1);
      bool reverse = true;
      for (std::size_t i = 0; i < many / 2; ++i) {
        reverse = reverse && ends[i] == "end root/w" + std::to_string(many - 1 - 2 * i) + " shutdown";
      }
      CHECK(reverse);
    });
  }
}
