#include <doctest/doctest.h>

#include <coppice/supervision/restart_budget.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("restart_budget") {
  TEST_CASE("a budget of N allows N restarts within its window and refuses the next (S102)") {
    for (const unsigned allowed : {1U, 2U, 3U, 100U}) {
      restart_budget budget{allowed, 5s};
      for (unsigned i = 0; i < allowed; ++i) CHECK(budget.spend(100s));
      CHECK_FALSE(budget.spend(100s));
    }
  }

  TEST_CASE("a budget of 0 refuses the first restart (S102)") {
    restart_budget budget{0, 5s};
    CHECK_FALSE(budget.spend(0s));
    CHECK_FALSE(budget.spend(1000s));
  }

  TEST_CASE("a restart counts while it is not older than the window, its last second included (S102)") {
    SUBCASE("as old as the window: it counts") {
      restart_budget budget{1, 5s};
      CHECK(budget.spend(10s));
      CHECK_FALSE(budget.spend(15s));
    }
    SUBCASE("a second older: it does not") {
      restart_budget budget{1, 5s};
      CHECK(budget.spend(10s));
      CHECK(budget.spend(16s));
    }
  }

  TEST_CASE("the window slides: each restart leaves it on its own (S102)") {
    restart_budget budget{2, 5s};
    CHECK(budget.spend(0s));
    CHECK(budget.spend(4s));
    CHECK(budget.spend(6s));
    CHECK(budget.spent() == 2);
    CHECK(budget.spend(10s));
    CHECK_FALSE(budget.spend(11s));
  }

  TEST_CASE("one restart a window goes on for ever under a budget of 1") {
    restart_budget budget{1, 5s};
    for (int i = 0; i < 10'000; ++i) REQUIRE(budget.spend(i * 6s));
    CHECK(budget.spent() == 1);
  }

  TEST_CASE("a budget works on times before zero") {
    restart_budget budget{1, 5s};
    CHECK(budget.spend(-7s));
    CHECK(budget.spend(-1s));
    CHECK_FALSE(budget.spend(4s));
  }

  TEST_CASE("the largest budget and the largest window are no trouble") {
    restart_budget budget{~0U, 1'000'000'000s};
    for (int i = 0; i < 1000; ++i) CHECK(budget.spend(1s));
    CHECK(budget.spent() == 1000);
  }
}
