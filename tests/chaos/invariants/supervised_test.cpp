#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("invariants: no process without a supervisor") {
  const names broken{"no process without a supervisor"};

  TEST_CASE("a child that outlives its supervisor breaks it, once the tree is quiet") {
    story told;
    const pid root = told.grows({story::child("s", restart_type::temporary)});
    const pid s = told.begins("root/s2", {story::child("a")});
    told.starts("root/s2/a", s);
    told.checker.process_ended(s, root, exit_reason::killed(), told.now);
    CHECK(told.broken().empty());
    CHECK(told.broken_at_quiet() == broken);
    CHECK(told.last().find("root/s2/a: ") == 0);
  }

  TEST_CASE("a supervisor that stops, and ends before its last child, breaks it at once") {
    story told;
    const pid root = told.grows({story::child("a"), story::child("b")});
    told.checker.supervisor_stopping("root", root, told.now);
    told.is_ended("root/b", root);
    SUBCASE("with a living child") {
      told.checker.process_ended(root, pid{}, exit_reason::shutdown(), told.now);
      CHECK(told.broken() == broken);
    }
    SUBCASE("killed in the middle") {
      told.checker.process_ended(root, pid{}, exit_reason::killed(), told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("with none") {
      told.is_ended("root/a", root);
      told.checker.process_ended(root, pid{}, exit_reason::shutdown(), told.now);
      CHECK(told.broken().empty());
    }
  }

  TEST_CASE("it may take its time") {
    story told;
    const pid root = told.grows({});
    const pid s = told.begins("root/s", {story::child("a")});
    told.starts("root/s/a", s);
    told.checker.process_ended(s, root, exit_reason::killed(), told.now);
    told.ends("root/s/a", s, "killed");
    CHECK(told.broken_at_quiet().empty());
  }

  TEST_CASE("one that its supervisor has replaced, and that goes on, breaks it") {
    story told;
    const pid root = told.grows({story::child("a")});
    told.starts("root/a", root);
    CHECK(told.broken_at_quiet() == names{"no process without a supervisor", "no two incarnations at once"});
  }
}
