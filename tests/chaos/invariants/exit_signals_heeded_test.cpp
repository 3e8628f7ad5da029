#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("invariants: no exit signal lost") {
  const names broken{"no exit signal lost"};

  TEST_CASE("an end that restarts, by its type and its reason, has to be followed by something") {
    struct ending {
      restart_type restart;
      const char* reason;
      bool restarts;
    };
    const ending endings[] = {
        {restart_type::permanent, "boom", true},          {restart_type::permanent, "normal", true},
        {restart_type::permanent, "shutdown", true},      {restart_type::permanent, "{shutdown,x}", true},
        {restart_type::transient, "boom", true},          {restart_type::transient, "killed", true},
        {restart_type::transient, "normal", false},       {restart_type::transient, "shutdown", false},
        {restart_type::transient, "{shutdown,x}", false}, {restart_type::temporary, "boom", false},
        {restart_type::temporary, "normal", false},
    };
    for (const auto& each : endings) {
      INFO(to_string(each.restart) << " " << each.reason);
      {
        story told;
        const pid root = told.grows({story::child("a", each.restart)});
        told.ends("root/a", root, each.reason);
        CHECK(told.broken_at_quiet() == (each.restarts ? broken : names{}));
      }
      if (each.restart == restart_type::temporary) continue;
      story told;
      const pid root = told.grows({story::child("a", each.restart)});
      told.is_restarted("root/a", root, each.reason);
      CHECK(told.broken() == (each.restarts ? names{} : broken));
    }
  }

  TEST_CASE("giving up, stopping, and ending it are reactions too") {
    story told;
    const pid root = told.grows({story::child("a")}, {.max_restarts = 0});
    told.ends("root/a", root, "boom");
    SUBCASE("giving up") {
      told.checker.restart_limit_reached("root", root, told.now);
      told.checker.supervisor_stopping("root", root, told.now);
    }
    SUBCASE("stopping") {
      told.checker.supervisor_stopping("root", root, told.now);
    }
    SUBCASE("terminate_child, before it has looked at its exit signal") {
      told.checker.child_terminating("root/a", root, told.now);
      told.is_told_to_end("root/a", root);
    }
    CHECK(told.broken_at_quiet().empty());
  }

  TEST_CASE("a start that failed in a restart has to be tried again") {
    story told;
    const pid root = told.grows({story::child("a")}, {.max_restarts = 10});
    told.ends("root/a", root, "boom");
    told.restarting("root/a", root);
    told.fails("root/a", root);
    SUBCASE("it is not") {
      CHECK(told.broken_at_quiet() == broken);
    }
    SUBCASE("it is") {
      told.restarting("root/a", root);
      told.starts("root/a", root);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("somebody has asked for its end") {
      told.checker.child_terminating("root/a", root, told.now);
      CHECK(told.broken_at_quiet().empty());
    }
  }

  TEST_CASE("a start that somebody has asked for is not tried again") {
    story told;
    const pid root = told.grows({story::child("a")}, {.max_restarts = 10});
    told.is_restarted("root/a", root);
    told.checker.child_terminating("root/a", root, told.now);
    told.is_ended("root/a", root);
    told.fails("root/a", root);
    CHECK(told.broken_at_quiet().empty());
  }

  TEST_CASE("the end of any significant child ends its supervisor") {
    story told;
    const pid root = told.grows({story::child("a", restart_type::transient, true), story::child("b")},
                                {.auto_shutdown = auto_shutdown::any_significant});
    SUBCASE("by itself, and it goes on") {
      told.ends("root/a", root, "normal");
      CHECK(told.broken_at_quiet() == broken);
    }
    SUBCASE("by itself, and it stops") {
      told.ends("root/a", root, "normal");
      told.checker.supervisor_stopping("root", root, told.now);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("it is restarted") {
      told.is_restarted("root/a", root);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("it was told to end") {
      told.checker.child_terminating("root/a", root, told.now);
      told.is_ended("root/a", root);
      CHECK(told.broken_at_quiet().empty());
    }
  }

  TEST_CASE("the end of the last of all significant children does") {
    story told;
    const pid root =
        told.grows({story::child("a", restart_type::transient, true), story::child("b", restart_type::temporary, true)},
                   {.auto_shutdown = auto_shutdown::all_significant});
    told.ends("root/a", root, "normal");
    CHECK(told.broken_at_quiet().empty());
    SUBCASE("by itself") {
      told.ends("root/b", root, "boom");
      CHECK(told.broken_at_quiet() == broken);
    }
    SUBCASE("it was told to end") {
      told.checker.child_terminating("root/b", root, told.now);
      told.is_ended("root/b", root);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("the other one had been started again") {
      told.starts("root/a", root);
      told.ends("root/b", root, "boom");
      CHECK(told.broken_at_quiet().empty());
    }
  }

  TEST_CASE("who is on the way up counts as one who runs") {
    story told;
    const pid root =
        told.grows({story::child("a", restart_type::transient, true), story::child("b", restart_type::temporary, true)},
                   {.max_restarts = 10, .auto_shutdown = auto_shutdown::all_significant});
    told.ends("root/a", root, "boom");
    told.restarting("root/a", root);
    told.checker.child_starting("root/a", child_type::worker, root, told.now);
    told.ends("root/b", root, "boom");
    told.checker.child_started("root/a", child_type::worker, told.nobody(), root, told.now);
    CHECK(told.broken_at_quiet().empty());
  }
}
