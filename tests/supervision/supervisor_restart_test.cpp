#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// Three permanent children under a strategy, and a budget that does not matter.
pid plant_three(grove& here, strategy how) {
  const pid root =
      here.plant({.strategy = how, .max_restarts = 100}, {grove::worker("a"), grove::worker("b"), grove::worker("c")});
  here.seen();
  return root;
}

// Lets a child of `root` end by itself, and returns what happened then.
texts after_end(grove& here, pid root, std::string_view id, std::string_view reason) {
  crash(child_of(root, id), reason);
  settle();
  return here.seen();
}

}  // namespace

TEST_SUITE("supervisor: restart") {
  TEST_CASE("permanent children are restarted after any end, temporary never, transient after crashes only (S96)") {
    struct expectation {
      restart_type restart;
      std::string reason;
      bool comes_back;
      texts left;
    };
    const texts running{"a running"};
    const texts kept{"a undefined"};
    const std::vector<expectation> all{
        {restart_type::permanent, "normal", true, running},
        {restart_type::permanent, "shutdown", true, running},
        {restart_type::permanent, "{shutdown,x}", true, running},
        {restart_type::permanent, "boom", true, running},
        {restart_type::permanent, "killed", true, running},
        {restart_type::transient, "normal", false, kept},
        {restart_type::transient, "shutdown", false, kept},
        {restart_type::transient, "{shutdown,x}", false, kept},
        {restart_type::transient, "boom", true, running},
        {restart_type::transient, "killed", true, running},
        {restart_type::transient, "{boom,shutdown}", true, running},
        {restart_type::temporary, "normal", false, {}},
        {restart_type::temporary, "shutdown", false, {}},
        {restart_type::temporary, "{shutdown,x}", false, {}},
        {restart_type::temporary, "boom", false, {}},
    };
    for (const auto& each : all) {
      INFO(to_string(each.restart) << " ends with " << each.reason);
      in_grove([&each](grove& here) {
        const pid root = here.plant({}, {grove::worker("a", each.restart)});
        here.seen();
        texts expected{"end root/a " + each.reason};
        if (each.comes_back) expected.emplace_back("start root/a");
        CHECK(after_end(here, root, "a", each.reason) == expected);
        CHECK(states_of(root) == each.left);
      });
    }
  }

  TEST_CASE("one_for_one restarts the child alone, in its place (S97)") {
    in_grove([](grove& here) {
      const pid root = plant_three(here, strategy::one_for_one);
      const pid a = child_of(root, "a");
      CHECK(after_end(here, root, "b", "boom") == texts{"end root/b boom", "start root/b"});
      CHECK(child_of(root, "a") == a);
      CHECK(states_of(root) == texts{"c running", "b running", "a running"});
      here.clear();
      CHECK(here.seen() ==
            texts{"end root/c shutdown", "end root/b shutdown", "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("one_for_all stops siblings in reverse start order and starts all in start order (S98)") {
    in_grove([](grove& here) {
      const pid root = plant_three(here, strategy::one_for_all);
      CHECK(after_end(here, root, "b", "boom") == texts{"end root/b boom", "end root/c shutdown", "end root/a shutdown",
                                                        "start root/a", "start root/b", "start root/c"});
      CHECK(states_of(root) == texts{"c running", "b running", "a running"});
    });
  }

  TEST_CASE("rest_for_one stops the children started after it in reverse order; earlier ones stay (S99)") {
    in_grove([](grove& here) {
      const pid root = plant_three(here, strategy::rest_for_one);
      const pid a = child_of(root, "a");
      CHECK(after_end(here, root, "b", "boom") ==
            texts{"end root/b boom", "end root/c shutdown", "start root/b", "start root/c"});
      CHECK(child_of(root, "a") == a);
      CHECK(after_end(here, root, "c", "boom") == texts{"end root/c boom", "start root/c"});
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "end root/c shutdown", "end root/b shutdown",
                                                        "start root/a", "start root/b", "start root/c"});
    });
  }

  TEST_CASE("nothing of a group starts before the slowest of it has ended (S98)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::one_for_all},
                                  {grove::worker("a", {.traps = true, .stop = 3s}), grove::worker("b")});
      here.seen();
      crash(child_of(root, "b"), "boom");
      settle();
      CHECK(here.seen() == texts{"end root/b boom"});
      sleep(3s);
      settle();
      CHECK(here.seen() == texts{"end root/a shutdown", "start root/a", "start root/b"});
    });
  }

  TEST_CASE("temporary siblings that a group takes down are removed (S100)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      INFO(to_string(how));
      in_grove([how](grove& here) {
        const pid root =
            here.plant({.strategy = how}, {grove::worker("a"), grove::worker("t1", restart_type::temporary),
                                           grove::worker("b"), grove::worker("t2", restart_type::temporary)});
        here.seen();
        CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "end root/t2 shutdown",
                                                          "end root/b shutdown", "end root/t1 shutdown", "start root/a",
                                                          "start root/b"});
        CHECK(states_of(root) == texts{"b running", "a running"});
        // The id is free.
        CHECK(outcome(start_child(root, grove::worker("t1"))) == "ok");
      });
    }
  }

  TEST_CASE("a group whose first child is temporary is restarted without it (S100)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::one_for_all}, {grove::worker("t", restart_type::temporary),
                                                                        grove::worker("a"), grove::worker("b")});
      here.seen();
      CHECK(after_end(here, root, "b", "boom") ==
            texts{"end root/b boom", "end root/a shutdown", "end root/t shutdown", "start root/a", "start root/b"});
    });
  }

  TEST_CASE("the crash of a temporary child restarts nobody (S100)") {
    for (const strategy how : {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
      in_grove([how](grove& here) {
        const pid root = here.plant({.strategy = how, .max_restarts = 0},
                                    {grove::worker("t", restart_type::temporary), grove::worker("a")});
        here.seen();
        CHECK(after_end(here, root, "t", "boom") == texts{"end root/t boom"});
        CHECK(states_of(root) == texts{"a running"});
      });
    }
  }

  TEST_CASE(
      "a transient child that ended normally leaves its siblings alone, and starts again with their group (S101)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      in_grove([how](grove& here) {
        const pid root =
            here.plant({.strategy = how}, {grove::worker("a"), grove::worker("tr", restart_type::transient)});
        here.seen();
        CHECK(after_end(here, root, "tr", "normal") == texts{"end root/tr normal"});
        CHECK(states_of(root) == texts{"tr undefined", "a running"});
        CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "start root/a", "start root/tr"});
      });
    }
  }

  TEST_CASE("a child that terminate_child stopped starts again with its group (S101)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      in_grove([how](grove& here) {
        const pid root = here.plant({.strategy = how}, {grove::worker("a"), grove::worker("b")});
        CHECK(outcome(terminate_child(root, "b")) == "ok");
        here.seen();
        CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "start root/a", "start root/b"});
      });
    }
  }

  TEST_CASE("intensity N allows N restarts in the window, and gives up at the next (S102)") {
    for (const unsigned allowed : {0U, 1U, 2U, 5U}) {
      INFO("max_restarts " << allowed);
      in_grove([allowed](grove& here) {
        const pid root = here.plant({.max_restarts = allowed}, {grove::worker("a")});
        const reference watched = monitor(root);
        here.seen();
        for (unsigned i = 0; i < allowed; ++i)
          CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "start root/a"});
        crash(child_of(root, "a"), "boom");
        CHECK(reason_of(watched) == exit_reason::shutdown());
        CHECK(here.seen() == texts{"end root/a boom", "give up root", "end root shutdown"});
      });
    }
  }

  TEST_CASE("a restart as old as the window counts, one that is a second older does not (S102)") {
    for (const bool too_soon : {true, false}) {
      in_grove([too_soon](grove& here) {
        const pid root = here.plant({.max_restarts = 1, .max_seconds = 5s}, {grove::worker("a")});
        crash(child_of(root, "a"), "boom");
        settle();
        sleep(too_soon ? 5s : 6s);
        crash(child_of(root, "a"), "boom");
        settle();
        CHECK(is_alive(root) != too_soon);
      });
    }
  }

  TEST_CASE("the window is counted in whole seconds, as the clock has them (S102)") {
    struct expectation {
      std::chrono::milliseconds first;  // after a full second
      std::chrono::milliseconds later;
      bool gives_up;
    };
    for (const auto& each :
         {expectation{0ms, 5999ms, true}, {0ms, 6000ms, false}, {999ms, 5000ms, true}, {999ms, 5001ms, false}}) {
      INFO(each.first.count() << " ms, and " << each.later.count() << " ms later");
      in_grove([&each](grove& here) {
        const pid root = here.plant({.max_restarts = 1, .max_seconds = 5s}, {grove::worker("a")});
        sleep(std::chrono::ceil<std::chrono::seconds>(monotonic_time()) - monotonic_time() + each.first);
        crash(child_of(root, "a"), "boom");
        settle();
        sleep(each.later);
        crash(child_of(root, "a"), "boom");
        settle();
        CHECK(is_alive(root) != each.gives_up);
      });
    }
  }

  TEST_CASE("the window slides: a restart now and then goes on for ever (S102)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 2, .max_seconds = 5s}, {grove::worker("a")});
      for (int i = 0; i < 200; ++i) {
        sleep(3s);
        crash(child_of(root, "a"), "boom");
        settle();
      }
      CHECK(is_alive(root));
      CHECK(child_of(root, "a"));
    });
  }

  TEST_CASE("one budget is shared by all children (S103)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 2}, {grove::worker("a"), grove::worker("b"), grove::worker("c")});
      here.seen();
      for (const char* id : {"a", "b"}) after_end(here, root, id, "boom");
      CHECK(after_end(here, root, "c", "boom") == texts{"end root/c boom", "give up root", "end root/b shutdown",
                                                        "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("the restart of a group counts once, however many children it has (S103)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::one_for_all, .max_restarts = 2},
                                  {grove::worker("a"), grove::worker("b"), grove::worker("c"), grove::worker("d")});
      after_end(here, root, "a", "boom");
      after_end(here, root, "d", "boom");
      CHECK(is_alive(root));
      after_end(here, root, "b", "boom");
      CHECK_FALSE(is_alive(root));
    });
  }

  TEST_CASE("siblings that die while their group is stopped are not counted again (S103)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::one_for_all, .max_restarts = 1},
                                  {grove::worker("a"), grove::worker("b"),
                                   grove::worker("slow", {.traps = true, .stop = 1s}), grove::worker("c")});
      const pid a = child_of(root, "a");
      const pid b = child_of(root, "b");
      here.seen();
      crash(child_of(root, "c"), "boom");
      settle();  // `slow` is stopping, and the supervisor waits for it
      crash(a, "bang");
      settle();
      crash(b, "bang");
      settle();
      sleep(1s);
      settle();
      CHECK(here.seen() == texts{"end root/c boom", "end root/a bang", "end root/b bang", "end root/slow shutdown",
                                 "start root/a", "start root/b", "start root/slow", "start root/c"});
      CHECK(is_alive(root));
    });
  }

  TEST_CASE("two children that crash at once under one_for_one are two restarts (S103)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 1}, {grove::worker("a"), grove::worker("b")});
      const pid a = child_of(root, "a");
      const pid b = child_of(root, "b");
      crash(a, "boom");
      crash(b, "boom");
      settle();
      CHECK_FALSE(is_alive(root));
    });
  }

  TEST_CASE("ends of temporary children, normal ends of transient ones and restart_child are not counted (S104)") {
    in_grove([](grove& here) {
      const pid root =
          here.plant({.max_restarts = 0}, {grove::worker("a"), grove::worker("tr", restart_type::transient)});
      for (int i = 0; i < 20; ++i) {
        CHECK(outcome(start_child(root, grove::worker("te", restart_type::temporary))) == "ok");
        after_end(here, root, "te", "boom");
        after_end(here, root, "tr", "{shutdown,done}");
        CHECK(outcome(restart_child(root, "tr")) == "ok");
        CHECK(outcome(terminate_child(root, "a")) == "ok");
        CHECK(outcome(restart_child(root, "a")) == "ok");
      }
      CHECK(states_of(root) == texts{"tr running", "a running"});
    });
    // And take nothing from what there is.
    in_grove([](grove& here) {
      start_plan plan;
      const pid root =
          here.plant({.max_restarts = 1}, {grove::planned("a", plan), grove::worker("tr", restart_type::transient)});
      CHECK(outcome(start_child(root, grove::worker("te", restart_type::temporary))) == "ok");
      after_end(here, root, "te", "boom");
      after_end(here, root, "tr", "normal");
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      plan.fails(1, "no");
      CHECK(outcome(restart_child(root, "a")) == "start_failed no");
      CHECK(outcome(restart_child(root, "a")) == "ok");
      here.seen();
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "start root/a"});
      after_end(here, root, "a", "boom");
      CHECK_FALSE(is_alive(root));
    });
  }

  TEST_CASE("giving up is reported, stops the rest in reverse order and exits with shutdown (S105)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::one_for_all, .max_restarts = 0},
                                  {grove::worker("a"), grove::worker("b"), grove::worker("c")});
      const reference watched = monitor(root);
      here.seen();
      crash(child_of(root, "b"), "boom");
      CHECK(reason_of(watched) == exit_reason::shutdown());
      CHECK(here.seen() == texts{"end root/b boom", "give up root", "end root/c shutdown", "end root/a shutdown",
                                 "end root shutdown"});
      CHECK(here.log().tells("gave up"));
    });
  }

  TEST_CASE("an inner supervisor that gives up is restarted when it is permanent, which counts above (S106)") {
    in_grove([](grove& here) {
      const pid root =
          here.plant({.max_restarts = 1}, {here.supervisor("root", "s", {.max_restarts = 0}, {grove::worker("a")})});
      here.seen();
      crash(child_of(child_of(root, "s"), "a"), "boom");
      settle();
      CHECK(here.seen() ==
            texts{"end root/s/a boom", "give up root/s", "end root/s shutdown", "start root/s/a", "start root/s"});
      crash(child_of(child_of(root, "s"), "a"), "boom");
      settle();
      CHECK(here.seen() ==
            texts{"end root/s/a boom", "give up root/s", "end root/s shutdown", "give up root", "end root shutdown"});
    });
  }

  TEST_CASE("an inner supervisor that gives up stays down when it is transient (S106)") {
    in_grove([](grove& here) {
      const pid root = here.plant(
          {}, {here.supervisor("root", "s", {.max_restarts = 0}, {grove::worker("a")}, restart_type::transient)});
      crash(child_of(child_of(root, "s"), "a"), "boom");
      settle();
      CHECK(is_alive(root));
      CHECK(states_of(root) == texts{"s undefined"});
    });
  }

  TEST_CASE("a restarted supervisor starts from its spec, with an empty budget") {
    in_grove([](grove& here) {
      const pid root =
          here.plant({.max_restarts = 5},
                     {here.supervisor("root", "s", {.max_restarts = 1}, {grove::worker("a"), grove::worker("b")})});
      const pid first = child_of(root, "s");
      CHECK(outcome(start_child(first, grove::worker("added"))) == "ok");
      CHECK(outcome(terminate_child(first, "b")) == "ok");
      CHECK(outcome(delete_child(first, "b")) == "ok");
      after_end(here, first, "a", "boom");
      after_end(here, first, "a", "boom");
      const pid second = child_of(root, "s");
      CHECK(second != first);
      CHECK(states_of(second) == texts{"b running", "a running"});
      after_end(here, second, "a", "boom");
      CHECK(is_alive(second));
    });
  }

  TEST_CASE("each attempt of a restart that fails counts: three starts, then it gives up (S107)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.max_restarts = 3}, {grove::planned("a", plan)});
      here.seen();
      plan.fails(10, "no");
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "fail root/a no", "fail root/a no",
                                                        "fail root/a no", "give up root", "end root shutdown"});
    });
  }

  TEST_CASE("between the attempts of a restart others are served, and see a child that is restarting (S107)") {
    in_grove([](grove& here) {
      pid root;
      int attempts = 0;
      const auto start_a = [&]() -> start_result {
        if (++attempts == 1) return start_link<child>(habits{});
        if (attempts == 4) return start_link<child>(habits{});
        sleep(1s);
        return start_result::failed(exit_reason{"no"});
      };
      root = here.plant({.max_restarts = 10}, {grove::from("a", start_a)});
      here.seen();
      crash(child_of(root, "a"), "boom");
      settle();  // the first attempt is under way
      CHECK(answers_in_order({
                [root] { return states_of(root).front(); },
                [root] { return outcome(restart_child(root, "a")); },
                [root] { return outcome(delete_child(root, "a")); },
                [root] { return outcome(start_child(root, grove::worker("a"))); },
                [root] { return to_string(count_children(root)); },
            }) == texts{"a restarting", "restarting", "restarting", "already_present",
                        "1 specs, 0 active, 0 supervisors, 1 workers"});
      sleep(3s);
      CHECK(states_of(root) == texts{"a running"});
    });
  }

  TEST_CASE("terminate_child cancels the retry of a restart (S107, S117)") {
    in_grove([](grove& here) {
      int attempts = 0;
      const pid root = here.plant({.max_restarts = 10}, {grove::from("a", [&attempts]() -> start_result {
                                    if (++attempts == 1) return start_link<child>(habits{});
                                    sleep(1s);
                                    return start_result::failed(exit_reason{"no"});
                                  })});
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      settle();
      sleep(10s);
      CHECK(attempts == 2);
      CHECK(states_of(root) == texts{"a undefined"});
      CHECK(outcome(delete_child(root, "a")) == "ok");
    });
  }

  TEST_CASE("a child that is started again by hand is not tried again: the retry was cancelled (S107, S117)") {
    in_grove([](grove& here) {
      int starts_of_a = 0;
      const child_spec a = grove::from("a", [&starts_of_a]() -> start_result {
        if (++starts_of_a != 2) return start_link<child>(habits{});
        sleep(1s);
        return start_result::failed(exit_reason{"no"});
      });
      const pid root = here.plant({.max_restarts = 10}, {a, grove::worker("b")});
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(answers_in_order({
                [root] { return outcome(terminate_child(root, "a")); },
                [root] { return states_of(root).back(); },
                [root] { return outcome(restart_child(root, "a")); },
            }) == texts{"ok", "a undefined", "ok"});
      settle();
      CHECK(starts_of_a == 3);
      CHECK(states_of(root) == texts{"b running", "a running"});

      // The same, forgotten and added again.
      starts_of_a = 1;
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(answers_in_order({
                [root] { return outcome(terminate_child(root, "a")); },
                [root] { return outcome(delete_child(root, "a")); },
                [root, &a] { return outcome(start_child(root, a)); },
            }) == texts{"ok", "ok", "ok"});
      settle();
      CHECK(starts_of_a == 3);
      CHECK(states_of(root) == texts{"a running", "b running"});
    });
  }

  TEST_CASE("a retry that is ignored ends the restart: the child stays down (S107, S110)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.max_restarts = 2}, {grove::planned("a", plan)});
      here.seen();
      plan.fails(1, "no").ignores();
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "fail root/a no"});
      CHECK(states_of(root) == texts{"a undefined"});
      CHECK(outcome(restart_child(root, "a")) == "ok");
    });
  }

  // What was started stays, what failed is restarting, what comes after it is not there yet.
  TEST_CASE("between the attempts of a group its children are served as they are (S107, S116, S117, S118)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      INFO(to_string(how));
      in_grove([how](grove& here) {
        int starts_of_b = 0;
        const pid root = here.plant({.strategy = how, .max_restarts = 10},
                                    {grove::worker("a"),
                                     grove::from("b",
                                                 [&starts_of_b]() -> start_result {
                                                   if (++starts_of_b != 2) return start_link<child>(habits{});
                                                   sleep(1s);
                                                   return start_result::failed(exit_reason{"no"});
                                                 }),
                                     grove::worker("c")});
        crash(child_of(root, "a"), "boom");
        settle();  // the attempt that fails is under way
        here.seen();
        const auto states = [root] {
          std::string all;
          for (const auto& each : states_of(root)) all += each + " ";
          return all;
        };
        CHECK(answers_in_order({
                  states,
                  [root] { return outcome(restart_child(root, "b")); },
                  [root] { return outcome(delete_child(root, "b")); },
                  [root] { return outcome(start_child(root, grove::worker("b"))); },
                  [root] { return outcome(restart_child(root, "a")); },
                  [root] { return outcome(delete_child(root, "a")); },
                  [root] { return outcome(restart_child(root, "c")); },
                  states,
                  [root] { return to_string(count_children(root)); },
              }) == texts{"c undefined b restarting a running ", "restarting", "restarting", "already_present",
                          "running", "running", "ok", "c running b restarting a running ",
                          "3 specs, 2 active, 0 supervisors, 3 workers"});
        settle();
        texts then{"fail root/b no", "start root/c", "end root/c shutdown"};
        if (how == strategy::one_for_all) then.insert(then.end(), {"end root/a shutdown", "start root/a"});
        then.insert(then.end(), {"start root/b", "start root/c"});
        CHECK(here.seen() == then);
        CHECK(states_of(root) == texts{"c running", "b running", "a running"});
      });
    }
  }

  TEST_CASE("terminate_child cancels the retry of a group, which stays as far as it had come (S107, S117)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      INFO(to_string(how));
      in_grove([how](grove& here) {
        int starts_of_b = 0;
        const pid root = here.plant({.strategy = how, .max_restarts = 10},
                                    {grove::worker("a"),
                                     grove::from("b",
                                                 [&starts_of_b]() -> start_result {
                                                   if (++starts_of_b != 2) return start_link<child>(habits{});
                                                   sleep(1s);
                                                   return start_result::failed(exit_reason{"no"});
                                                 }),
                                     grove::worker("c")});
        crash(child_of(root, "a"), "boom");
        settle();
        CHECK(outcome(terminate_child(root, "b")) == "ok");
        settle();
        CHECK(states_of(root) == texts{"c undefined", "b undefined", "a running"});
        CHECK(outcome(delete_child(root, "b")) == "ok");
        CHECK(starts_of_b == 2);
        here.seen();
        CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "start root/a", "start root/c"});
      });
    }
  }

  TEST_CASE("one_for_all with a failing start stops what it had started, and starts all again (S108)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.strategy = strategy::one_for_all, .max_restarts = 5},
                                  {grove::worker("a"), grove::planned("b", plan), grove::worker("c")});
      here.seen();
      plan.fails(1, "no");
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "end root/c shutdown", "end root/b shutdown",
                                                        "start root/a", "fail root/b no", "end root/a shutdown",
                                                        "start root/a", "start root/b", "start root/c"});
    });
  }

  TEST_CASE("rest_for_one with a failing start goes on at the child that failed (S109)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.strategy = strategy::rest_for_one, .max_restarts = 5},
                                  {grove::worker("a"), grove::planned("b", plan), grove::worker("c")});
      here.seen();
      plan.fails(2, "no");
      CHECK(after_end(here, root, "a", "boom") == texts{"end root/a boom", "end root/c shutdown", "end root/b shutdown",
                                                        "start root/a", "fail root/b no", "fail root/b no",
                                                        "start root/b", "start root/c"});
    });
  }

  TEST_CASE("a child that is ignored in a restart stays down, without a retry (S110)") {
    for (const strategy how : {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
      in_grove([how](grove& here) {
        start_plan plan;
        const pid root = here.plant({.strategy = how}, {grove::planned("a", plan), grove::worker("b")});
        plan.ignores();
        after_end(here, root, "a", "boom");
        CHECK(states_of(root) == texts{"b running", "a undefined"});
        CHECK(outcome(restart_child(root, "a")) == "ok");
      });
    }
  }

  TEST_CASE("a child that crashes and is killed at once is restarted once") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 1}, {grove::worker("a")});
      const pid a = child_of(root, "a");
      here.seen();
      crash(a, "boom");
      exit(a, exit_reason::kill());
      exit(a, "bang");
      settle();
      const texts happened = here.seen();
      REQUIRE(happened.size() == 2);
      CHECK(happened[1] == "start root/a");
    });
  }

  TEST_CASE("an end that is in the queue before a request is acted on before it") {
    in_grove([](grove& here) {
      const pid root = here.plant({.max_restarts = 1}, {grove::worker("a")});
      const pid a = child_of(root, "a");
      here.seen();
      // The supervisor is busy while `a` dies; then it is asked to take `a` down.
      const spawned busy = spawn_monitor([root] { start_child(root, grove::worker("slow", {.init = 1s})); });
      settle();
      crash(a, "boom");
      settle();
      CHECK(outcome(terminate_child(root, "a")) == "ok");
      reason_of(busy);
      CHECK(here.seen() == texts{"end root/a boom", "start root/slow", "start root/a", "end root/a shutdown"});
      CHECK(states_of(root) == texts{"slow running", "a undefined"});
    });
  }
}
