#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

const std::vector<child_spec> abc{story::child("a"), story::child("b"), story::child("c")};

supervisor_flags with(strategy how) {
  return {.strategy = how, .max_restarts = 10};
}

}  // namespace

TEST_SUITE("invariants: start forward, stop backward") {
  const names broken{"start forward, stop backward"};

  TEST_CASE("children that are started in another order break it") {
    story told;
    const pid root = told.begins("root", abc);
    told.starts("root/a", root);
    told.starts("root/c", root);
    CHECK(told.broken() == broken);
    CHECK(told.last() == "root/c: it is started, and next in the order is root/b");
  }

  TEST_CASE("a start that fails ends those before it, in reverse order") {
    story told;
    const pid root = told.begins("root", abc);
    told.starts("root/a", root);
    told.starts("root/b", root);
    told.fails("root/c", root);
    SUBCASE("right") {
      told.checker.supervisor_stopping("root", root, told.now);
      told.is_ended("root/b", root);
      told.is_ended("root/a", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("in start order") {
      told.checker.supervisor_stopping("root", root, told.now);
      told.is_ended("root/a", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("it goes on instead") {
      told.starts("root/c", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("a shutdown ends the last one first, and each before the next") {
    story told;
    const pid root = told.grows(abc);
    told.checker.supervisor_stopping("root", root, told.now);
    SUBCASE("right") {
      for (const auto* each : {"root/c", "root/b", "root/a"}) told.is_ended(each, root);
      told.checker.process_ended(root, pid{}, exit_reason::shutdown(), told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("in start order") {
      told.is_ended("root/a", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("all at once") {
      told.is_told_to_end("root/c", root);
      told.is_told_to_end("root/b", root);
      CHECK(told.broken() == broken);
      CHECK(told.last() == "root/b: it is told to end before root/c has ended, which was started after it");
    }
    SUBCASE("it is killed in the middle") {
      told.is_ended("root/c", root);
      told.checker.process_ended(root, pid{}, exit_reason::killed(), told.now);
      CHECK(told.broken().empty());
    }
    SUBCASE("what failed is tried again") {
      told.is_told_to_end("root/c", root);
      told.checker.supervisor_stopping("root", root, told.now);
      for (const auto* each : {"root/c", "root/b", "root/a"}) told.is_ended(each, root);
      CHECK(told.broken().empty());
    }
    SUBCASE("one is started meanwhile") {
      told.is_ended("root/c", root);
      told.starts("root/c", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("one_for_all ends all in reverse, and starts all in order") {
    story told;
    const pid root = told.grows(abc, with(strategy::one_for_all));
    told.ends("root/b", root, "boom");
    told.restarting("root/b", root);
    SUBCASE("right") {
      told.is_ended("root/c", root);
      told.is_ended("root/a", root);
      for (const auto* each : {"root/a", "root/b", "root/c"}) told.starts(each, root);
      CHECK(told.broken().empty());
    }
    SUBCASE("ended forward") {
      told.is_ended("root/a", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("started before the last one has ended") {
      told.is_ended("root/c", root);
      told.is_told_to_end("root/a", root);
      told.checker.child_starting("root/a", child_type::worker, root, told.now);
      CHECK(told.broken() == names{"no two incarnations at once", "start forward, stop backward"});
    }
    SUBCASE("one is left out at the end, and the next thing begins") {
      told.is_ended("root/c", root);
      told.is_ended("root/a", root);
      told.starts("root/a", root);
      told.starts("root/b", root);
      told.ends("root/a", root, "boom");
      told.restarting("root/a", root);
      CHECK(told.broken() == broken);
      CHECK(told.last() == "root/c: it is not started, and its supervisor root goes on");
    }
    SUBCASE("one is left out at the end, and nothing more happens") {
      told.is_ended("root/c", root);
      told.is_ended("root/a", root);
      told.starts("root/a", root);
      CHECK(told.broken_at_quiet() == broken);
    }
    SUBCASE("a start that fails is tried again, with all that had been started") {
      told.is_ended("root/c", root);
      told.is_ended("root/a", root);
      told.starts("root/a", root);
      told.fails("root/b", root);
      told.restarting("root/b", root);
      told.is_ended("root/a", root);
      for (const auto* each : {"root/a", "root/b", "root/c"}) told.starts(each, root);
      CHECK(told.broken().empty());
    }
  }

  TEST_CASE("rest_for_one leaves those before alone") {
    story told;
    const pid root = told.grows(abc, with(strategy::rest_for_one));
    told.ends("root/b", root, "boom");
    told.restarting("root/b", root);
    SUBCASE("right") {
      told.is_ended("root/c", root);
      told.starts("root/b", root);
      told.starts("root/c", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("one before is ended") {
      told.is_ended("root/c", root);
      told.is_ended("root/a", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("the last one is not ended") {
      told.starts("root/b", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("one_for_one ends nobody") {
    story told;
    const pid root = told.grows(abc, with(strategy::one_for_one));
    told.ends("root/b", root, "boom");
    told.restarting("root/b", root);
    SUBCASE("right") {
      told.starts("root/b", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("another one is ended") {
      told.is_ended("root/c", root);
      CHECK(told.broken() == broken);
    }
    SUBCASE("another one is started") {
      told.ends("root/c", root, "boom");
      told.starts("root/c", root);
      CHECK(told.broken() == names{"start forward, stop backward", "the budget honoured exactly"});
    }
  }

  TEST_CASE("temporary children go with their group, and are not missed") {
    story told;
    const pid root = told.grows({story::child("a"), story::child("t", restart_type::temporary), story::child("c")},
                                with(strategy::one_for_all));
    told.ends("root/a", root, "boom");
    told.restarting("root/a", root);
    told.is_ended("root/c", root);
    told.is_ended("root/t", root);
    told.starts("root/a", root);
    told.starts("root/c", root);
    told.is_restarted("root/x", root);
    CHECK(told.broken().empty());
  }

  TEST_CASE("what is asked for may be in any order, and what nobody has asked for may not be at all") {
    story told;
    const pid root = told.grows(abc);
    SUBCASE("asked for") {
      told.checker.child_terminating("root/a", root, told.now);
      told.is_ended("root/a", root);
      told.starts("root/a", root);
      CHECK(told.broken().empty());
    }
    SUBCASE("not asked for") {
      told.is_ended("root/c", root);
      CHECK(told.broken() == broken);
    }
  }

  TEST_CASE("a child that is added is the last one, and one that is deleted is none") {
    story told;
    const pid root = told.grows(abc, with(strategy::one_for_all));
    told.checker.child_added("root/0", story::child("0"), root, told.now);
    told.starts("root/0", root);
    told.checker.child_terminating("root/b", root, told.now);
    told.is_ended("root/b", root);
    told.checker.child_deleted("root/b", root, told.now);
    told.ends("root/a", root, "boom");
    told.restarting("root/a", root);
    told.is_ended("root/0", root);
    told.is_ended("root/c", root);
    for (const auto* each : {"root/a", "root/c", "root/0"}) told.starts(each, root);
    CHECK(told.broken().empty());
  }

  TEST_CASE("a child that was added, and did not start, is none") {
    story told;
    const pid root = told.grows(abc, with(strategy::rest_for_one));
    told.checker.child_added("root/d", story::child("d"), root, told.now);
    told.fails("root/d", root);
    told.ends("root/c", root, "boom");
    told.restarting("root/c", root);
    told.starts("root/c", root);
    CHECK(told.broken_at_quiet().empty());
  }
}
