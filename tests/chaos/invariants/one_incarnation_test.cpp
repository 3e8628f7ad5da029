#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("invariants: no two incarnations at once") {
  const names broken{"no two incarnations at once"};

  TEST_CASE("a successor that starts before the end of the one before breaks it") {
    story told;
    const pid root = told.grows({story::child("a")});
    told.checker.child_starting("root/a", child_type::worker, root, told.now);
    CHECK(told.broken() == broken);
  }

  TEST_CASE("also under another supervisor, where a child of the one before still lives") {
    story told;
    const pid root = told.grows({story::child("s")});
    const pid first = told.begins("root/s/t", {story::child("a")});
    told.starts("root/s/t/a", first);
    told.checker.process_ended(first, root, exit_reason::killed(), told.now);
    const pid second = told.begins("root/s/t", {story::child("a")});
    SUBCASE("it lives") {
      told.starts("root/s/t/a", second);
      CHECK(told.broken() == broken);
    }
    SUBCASE("it has ended") {
      told.ends("root/s/t/a", first, "killed");
      told.starts("root/s/t/a", second);
      CHECK(told.broken().empty());
    }
  }

  TEST_CASE("a successor after the end is right") {
    story told;
    const pid root = told.grows({story::child("a")});
    told.is_restarted("root/a", root);
    CHECK(told.broken().empty());
  }

  TEST_CASE("an end that comes before the word of the start counts from that word on") {
    story told;
    const pid root = told.grows({});
    told.checker.child_added("root/a", story::child("a"), root, told.now);
    const pid a = told.nobody();
    told.checker.child_starting("root/a", child_type::worker, root, told.now);
    told.checker.process_ended(a, root, exit_reason{"early"}, told.now);
    told.checker.child_started("root/a", child_type::worker, a, root, told.now);
    SUBCASE("and is reacted to") {
      told.restarting("root/a", root);
      told.starts("root/a", root);
      CHECK(told.broken_at_quiet().empty());
    }
    SUBCASE("or not") {
      CHECK(told.broken_at_quiet() == names{"no exit signal lost"});
    }
  }

  TEST_CASE("the root may have ended before anybody could say that it had started") {
    story told;
    const pid root = told.begins("root", {});
    told.checker.process_ended(root, pid{}, exit_reason::shutdown(), told.now);
    told.checker.root_started("root", root, told.now);
    CHECK(told.broken_at_quiet().empty());
  }
}
