#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

child_spec significant(child_spec spec) {
  spec.significant = true;
  return spec;
}

}  // namespace

TEST_SUITE("supervisor: significant children") {
  TEST_CASE("any_significant: the first significant child that ends and is not restarted ends the supervisor (S112)") {
    struct expectation {
      restart_type restart;
      std::string reason;
    };
    for (const auto& each : std::vector<expectation>{{restart_type::transient, "normal"},
                                                     {restart_type::transient, "shutdown"},
                                                     {restart_type::transient, "{shutdown,x}"},
                                                     {restart_type::temporary, "normal"},
                                                     {restart_type::temporary, "boom"},
                                                     {restart_type::temporary, "killed"}}) {
      INFO(to_string(each.restart) << " ends with " << each.reason);
      in_grove([&each](grove& here) {
        const pid root = here.plant({.max_restarts = 0, .auto_shutdown = auto_shutdown::any_significant},
                                    {grove::worker("a"), significant(grove::worker("s", each.restart)),
                                     significant(grove::worker("s2", each.restart)), grove::worker("b")});
        const reference watched = monitor(root);
        here.seen();
        crash(child_of(root, "s"), each.reason);
        CHECK(reason_of(watched) == exit_reason::shutdown());
        CHECK(here.seen() == texts{"end root/s " + each.reason, "end root/b shutdown", "end root/s2 shutdown",
                                   "end root/a shutdown", "end root shutdown"});
      });
    }
  }

  TEST_CASE("a significant transient child that crashes is restarted, and ends nothing (S112)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.auto_shutdown = auto_shutdown::any_significant},
                                  {significant(grove::worker("s", restart_type::transient))});
      here.seen();
      crash(child_of(root, "s"), "boom");
      settle();
      CHECK(here.seen() == texts{"end root/s boom", "start root/s"});
    });
  }

  TEST_CASE("children that are not significant may end as they like (S112)") {
    in_grove([](grove& here) {
      const pid root =
          here.plant({.auto_shutdown = auto_shutdown::any_significant},
                     {significant(grove::worker("s", restart_type::transient)),
                      grove::worker("t", restart_type::temporary), grove::worker("u", restart_type::transient)});
      crash(child_of(root, "t"), "normal");
      crash(child_of(root, "u"), "normal");
      settle();
      CHECK(states_of(root) == texts{"u undefined", "s running"});
    });
  }

  TEST_CASE("all_significant: the last significant child that ends ends the supervisor (S113)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.auto_shutdown = auto_shutdown::all_significant},
                                  {significant(grove::worker("s1", restart_type::transient)), grove::worker("a"),
                                   significant(grove::worker("s2", restart_type::temporary))});
      const reference watched = monitor(root);
      here.seen();
      crash(child_of(root, "s2"), "boom");
      settle();
      CHECK(here.seen() == texts{"end root/s2 boom"});
      crash(child_of(root, "s1"), "normal");
      CHECK(reason_of(watched) == exit_reason::shutdown());
      CHECK(here.seen() == texts{"end root/s1 normal", "end root/a shutdown", "end root shutdown"});
    });
  }

  TEST_CASE("all_significant: one that was taken down counts as not running (S113)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.auto_shutdown = auto_shutdown::all_significant},
                                  {significant(grove::worker("s1", restart_type::transient)),
                                   significant(grove::worker("s2", restart_type::transient))});
      CHECK(outcome(terminate_child(root, "s1")) == "ok");
      CHECK(is_alive(root));
      crash(child_of(root, "s2"), "normal");
      settle();
      CHECK_FALSE(is_alive(root));
    });
  }

  TEST_CASE("all_significant: one whose start is being retried is not gone (S107, S113)") {
    // OTP looks for children whose pid is not `undefined`; that of this one is `restarting`.
    in_grove([](grove& here) {
      int attempts = 0;
      child_spec retried = significant(grove::worker("s1", restart_type::transient));
      retried.start = [&attempts]() -> start_result {
        ++attempts;
        if (attempts == 2) {
          sleep(1s);
          return start_result::failed(exit_reason{"no"});
        }
        return start_link<child>(habits{});
      };
      const pid root = here.plant({.max_restarts = 5, .auto_shutdown = auto_shutdown::all_significant},
                                  {retried, significant(grove::worker("s2", restart_type::transient))});
      const pid s2 = child_of(root, "s2");
      crash(child_of(root, "s1"), "boom");
      settle();  // the supervisor is in the attempt that fails
      crash(s2, "normal");
      settle();
      sleep(1s);
      settle();
      CHECK(attempts == 3);
      REQUIRE(is_alive(root));
      CHECK(states_of(root) == texts{"s2 undefined", "s1 running"});
    });
  }

  TEST_CASE("terminate_child of a significant child ends nothing (S114)") {
    for (const auto how : {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
      in_grove([how](grove& here) {
        const pid root = here.plant({.auto_shutdown = how}, {significant(grove::worker("s", restart_type::transient)),
                                                             significant(grove::worker("t", restart_type::temporary))});
        CHECK(outcome(terminate_child(root, "s")) == "ok");
        CHECK(outcome(terminate_child(root, "t")) == "ok");
        settle();
        REQUIRE(is_alive(root));
        CHECK(states_of(root) == texts{"s undefined"});
      });
    }
  }

  TEST_CASE("a significant temporary child that goes with its group ends nothing (S114)") {
    for (const strategy how : {strategy::one_for_all, strategy::rest_for_one}) {
      for (const auto when : {auto_shutdown::any_significant, auto_shutdown::all_significant}) {
        INFO(to_string(how) << ", " << to_string(when));
        in_grove([how, when](grove& here) {
          const pid root = here.plant({.strategy = how, .auto_shutdown = when},
                                      {grove::worker("a"), significant(grove::worker("t", restart_type::temporary))});
          crash(child_of(root, "a"), "boom");
          settle();
          REQUIRE(is_alive(root));
          CHECK(states_of(root) == texts{"a running"});
        });
      }
    }
  }

  TEST_CASE("all_significant: one that went with its group counts as gone (S113, S114)") {
    in_grove([](grove& here) {
      const pid root = here.plant({.strategy = strategy::rest_for_one, .auto_shutdown = auto_shutdown::all_significant},
                                  {significant(grove::worker("s", restart_type::transient)), grove::worker("a"),
                                   significant(grove::worker("t", restart_type::temporary))});
      const reference watched = monitor(root);
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(states_of(root) == texts{"a running", "s running"});
      crash(child_of(root, "s"), "normal");
      CHECK(reason_of(watched) == exit_reason::shutdown());
    });
  }

  TEST_CASE("a significant child whose restart is ignored ends nothing: it did not end by itself (S110, S112)") {
    in_grove([](grove& here) {
      start_plan plan;
      const pid root = here.plant({.auto_shutdown = auto_shutdown::any_significant},
                                  {significant(grove::planned("s", plan, restart_type::transient))});
      plan.ignores();
      crash(child_of(root, "s"), "boom");
      settle();
      REQUIRE(is_alive(root));
      CHECK(states_of(root) == texts{"s undefined"});
    });
  }

  TEST_CASE("significant needs an auto_shutdown, and a child that is not permanent (S115)") {
    in_grove([](grove& here) {
      struct expectation {
        auto_shutdown how;
        restart_type restart;
        bool allowed;
      };
      for (const auto& each :
           std::vector<expectation>{{auto_shutdown::never, restart_type::permanent, false},
                                    {auto_shutdown::never, restart_type::transient, false},
                                    {auto_shutdown::never, restart_type::temporary, false},
                                    {auto_shutdown::any_significant, restart_type::permanent, false},
                                    {auto_shutdown::any_significant, restart_type::transient, true},
                                    {auto_shutdown::any_significant, restart_type::temporary, true},
                                    {auto_shutdown::all_significant, restart_type::permanent, false},
                                    {auto_shutdown::all_significant, restart_type::transient, true},
                                    {auto_shutdown::all_significant, restart_type::temporary, true}}) {
        INFO(to_string(each.how) << ", " << to_string(each.restart));
        const auto tried = start_supervisor(
            here.init_of({.auto_shutdown = each.how}, {significant(grove::worker("a", each.restart))}));
        CHECK(static_cast<bool>(tried) == each.allowed);
        if (tried) grove::fell(tried.process());

        const pid root = here.plant({.auto_shutdown = each.how}, {});
        const child_result added = start_child(root, significant(grove::worker("a", each.restart)));
        CHECK((added.error() == std::nullopt) == each.allowed);
        if (!each.allowed) CHECK(added.error() == child_error::bad_combination);
        CHECK(states_of(root).size() == (each.allowed ? 1U : 0U));
      }
    });
  }

  TEST_CASE("a supervisor that shut itself down is judged by its parent like any other child (S106, S112)") {
    in_grove([](grove& here) {
      const auto inner = [&here](std::string id, restart_type restart) {
        return here.supervisor("root", std::move(id), {.auto_shutdown = auto_shutdown::any_significant},
                               {significant(grove::worker("job", restart_type::transient))}, restart);
      };
      const pid root =
          here.plant({.max_restarts = 5}, {inner("p", restart_type::permanent), inner("tr", restart_type::transient),
                                           inner("te", restart_type::temporary)});
      for (const char* id : {"p", "tr", "te"}) crash(child_of(child_of(root, id), "job"), "normal");
      settle();
      CHECK(states_of(root) == texts{"tr undefined", "p running"});
    });
  }
}
