#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

supervisor_flags allowed(unsigned restarts, std::chrono::seconds window) {
  return {.max_restarts = restarts, .max_seconds = window};
}

}  // namespace

TEST_SUITE("invariants: the budget honoured exactly") {
  const names broken{"the budget honoured exactly"};

  TEST_CASE("so many restarts within the window are right, one more is not") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(2, 5s));
    told.is_restarted("root/a", root);
    told.at(1s).is_restarted("root/a", root);
    CHECK(told.broken().empty());
    told.at(2s).is_restarted("root/a", root);
    CHECK(told.broken() == broken);
  }

  TEST_CASE("times are whole seconds, and the first second of the window belongs to it") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(1, 5s));
    told.at(999ms).is_restarted("root/a", root);
    SUBCASE("out of the window") {
      told.at(6s).is_restarted("root/a", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("just in it") {
      told.at(5999ms).is_restarted("root/a", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("giving up is right when one more would be too many") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(1, 5s));
    told.is_restarted("root/a", root);
    told.ends("root/a", root, "boom");
    SUBCASE("right") {
      told.at(5s).checker.restart_limit_reached("root", root, told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("too late") {
      told.at(6s).checker.restart_limit_reached("root", root, told.now);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("giving up too early breaks it") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(2, 5s));
    told.is_restarted("root/a", root);
    told.ends("root/a", root, "boom");
    told.checker.restart_limit_reached("root", root, told.now);
    CHECK(told.broken() == broken);
  }

  TEST_CASE("where no restart is allowed, the first is one too many") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(0, 5s));
    told.ends("root/a", root, "boom");
    SUBCASE("it gives up") {
      told.checker.restart_limit_reached("root", root, told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("it restarts") {
      told.restarting("root/a", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("a supervisor that has given up has to stop") {
    story told;
    const pid root = told.grows({story::child("a")}, allowed(0, 5s));
    told.ends("root/a", root, "boom");
    told.checker.restart_limit_reached("root", root, told.now);
    SUBCASE("it does") {
      told.checker.supervisor_stopping("root", root, told.now);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("it goes on") {
      CHECK(told.broken_at_quiet() == broken);
    }
    SUBCASE("it restarts once more") {
      told.restarting("root/a", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("a restart that is not counted breaks it, and one that somebody has asked for does not") {
    story told;
    const pid root = told.grows({story::child("a"), story::child("t", restart_type::transient)});
    SUBCASE("not counted") {
      told.ends("root/a", root, "boom");
      told.starts("root/a", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("asked for") {
      told.ends("root/t", root, "normal");
      told.starts("root/t", root);
      CHECK(told.broken().empty());
    }
  }

  TEST_CASE("each supervisor has a budget of its own, and its successor a new one") {
    story told;
    const pid root = told.grows({story::child("s")}, allowed(10, 5s));
    for (int i = 0; i < 2; ++i) {
      const pid s = told.begins("root/x", {story::child("a")}, allowed(1, 5s));
      told.starts("root/x/a", s);
      told.is_restarted("root/x/a", s);
      told.ends("root/x/a", s, "boom");
      told.checker.restart_limit_reached("root/x", s, told.now);
      told.checker.process_ended(s, root, exit_reason::shutdown(), told.now);
    }
    CHECK(told.broken().empty());
  }

  TEST_CASE("in real time the supervisor may have looked at the clock a while ago, but not before what it reacts to") {
    story told{{.virtual_time = false}};
    const pid root = told.grows({story::child("a")}, allowed(1, 5s));
    told.at(900ms).is_restarted("root/a", root);
    told.at(5990ms).ends("root/a", root, "boom");
    SUBCASE("in the window when it looked, or not: nobody knows") {
      told.at(6010ms).restarting("root/a", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("or the other way round") {
      told.at(6010ms).checker.restart_limit_reached("root", root, told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("surely in it") {
      told.at(4s).restarting("root/a", root);
      CHECK(told.broken() == broken);
    }
  }
}
