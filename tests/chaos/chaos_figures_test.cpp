#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_outages.hpp>

#include "chaos/made_record.hpp"

using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using coppice::chaos_figures;
using coppice::compute_figures;
using coppice::restart_type;

TEST_SUITE("chaos_figures") {
  TEST_CASE("recovery is counted from the hit, or from the end of one that went down with another") {
    const made_record made = small_record();
    const chaos_figures all = compute_figures(*made);
    const auto& a = figures_of(all, "root/a");
    CHECK(a.cuts == 2);
    CHECK(a.restarts == 2);
    CHECK(a.recoveries == 2);
    CHECK(a.recovery_median == 5ms);  // Of 20 and 5.
    CHECK(a.recovery_max == 20ms);
    const auto& b = figures_of(all, "root/b");
    CHECK(b.cuts == 0);
    CHECK(b.restarts == 1);
    CHECK(b.recovery_max == 5ms);
  }

  TEST_CASE("recovery from harm that waits is counted from the end that came of it") {
    made_record made{1000};
    made.record().hits[made.hit("root/a", 100, 1, "bad_alloc 2")].at_once = false;
    made.life("root/a", 0, 900, "std::bad_alloc", 0);
    made.life("root/a", 907);
    CHECK(figures_of(compute_figures(*made), "root/a").recovery_max == 7ms);
  }

  TEST_CASE("availability misses the gaps between lives, not the time from a hit to its end") {
    const made_record made = small_record();
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").out_of_service == 15ms);
    CHECK(figures_of(all, "root/a").availability() == 98.5);
    CHECK(figures_of(all, "root").availability() == 100.0);
    CHECK(all.all.expected == 3s);
    CHECK(all.all.out_of_service == 20ms);
  }

  TEST_CASE("availability begins with the first life") {
    made_record made{1000};
    made.life("root/a", 500, 600, "boom");
    made.life("root/a", 625);
    CHECK(figures_of(compute_figures(*made), "root/a").availability() == 95.0);
  }

  TEST_CASE("the blast radius counts the lives of others that ended because of a cut") {
    const made_record made = small_record();
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").blast_max == 1);
    CHECK(figures_of(all, "root/a").blast_mean() == 0.5);
    CHECK(figures_of(all, "root/b").blast_max == 0);
  }

  TEST_CASE("harm that is no cut is a hit, and no cut") {
    made_record made{1000};
    made.hit("root/a", 100, 1, "slow", false);
    made.life("root/a", 0);
    CHECK(figures_of(compute_figures(*made), "root/a").hits == 1);
    CHECK(figures_of(compute_figures(*made), "root/a").cuts == 0);
  }

  TEST_CASE("a gap that is open at the end counts into the availability, and not into the recoveries") {
    made_record made{1000};
    made.life("root/a", 0, 900, "boom");
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").not_back == 1);
    CHECK(figures_of(all, "root/a").recoveries == 0);
    CHECK_FALSE(figures_of(all, "root/a").recovery_max);
    CHECK(figures_of(all, "root/a").availability() == 90.0);
  }

  TEST_CASE("a life that begins at the end of the record is back, and one that begins later is not") {
    // In virtual time the record ends with the start that was waited for.
    made_record made{1000};
    made.life("root/a", 0, 900, "boom");
    made.life("root/a", 1000);
    made.life("root/b", 0, 900, "boom");
    made.life("root/b", 1001);
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").restarts == 1);
    CHECK(figures_of(all, "root/a").not_back == 0);
    CHECK(figures_of(all, "root/a").recovery_max == milliseconds{100});
    CHECK(figures_of(all, "root/b").restarts == 0);
    CHECK(figures_of(all, "root/b").not_back == 1);
  }

  TEST_CASE("who has ended as it should is not missed") {
    made_record made{1000};
    SUBCASE("for a normal reason") {
      made.life("root/a", 0, 400, "normal");
    }
    SUBCASE("when the tree was shut down") {
      made.life("root/a", 0, 1000, "boom").shut_down = true;
    }
    SUBCASE("after the end of the record") {
      made.life("root/a", 0, 1001, "boom");
    }
    SUBCASE("as a temporary child") {
      made.life("root/a", 0, 400, "boom").restart = restart_type::temporary;
    }
    SUBCASE("as a transient child, for {shutdown,_}") {
      made.life("root/a", 0, 400, "{shutdown,done}").restart = restart_type::transient;
    }
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").not_back == 0);
    CHECK(figures_of(all, "root/a").availability() == 100.0);
  }

  TEST_CASE("who was to come back and did not is missed") {
    made_record made{1000};
    SUBCASE("as a permanent child that has ended normally") {
      made.life("root/a", 0, 400, "normal").restart = restart_type::permanent;
    }
    SUBCASE("as a transient child that has crashed") {
      made.life("root/a", 0, 400, "boom").restart = restart_type::transient;
    }
    SUBCASE("when it was stopped because another was hit") {
      made.life("root/a", 0, 400, "shutdown", made.hit("root/b", 399));
    }
    CHECK(figures_of(compute_figures(*made), "root/a").not_back == 1);
  }

  TEST_CASE("one that hangs is out of service from then until its successor begins") {
    made_record made{1000};
    auto& hung = made.life("root/a", 0, 300, "killed");
    hung.hung = 100ms;
    made.life("root/a", 350);
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").recovery_max == 250ms);
    CHECK(figures_of(all, "root/a").availability() == 75.0);
  }

  TEST_CASE("one that hangs at the end of the record is not back") {
    made_record made{1000};
    made.life("root/a", 0).hung = 600ms;
    CHECK(figures_of(compute_figures(*made), "root/a").not_back == 1);
    CHECK(figures_of(compute_figures(*made), "root/a").availability() == 60.0);
  }

  TEST_CASE("a temporary child that hung is out of service until its end") {
    made_record made{1000};
    auto& hung = made.life("root/a", 0, 300, "killed");
    hung.hung = 100ms;
    hung.restart = restart_type::temporary;
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").out_of_service == 200ms);
    CHECK(figures_of(all, "root/a").recoveries == 0);
    CHECK(figures_of(all, "root/a").not_back == 0);
  }

  TEST_CASE("a hang that is over is an outage and a recovery in one life") {
    made_record made{1000};
    made.life("root/a", 0).pauses = {{100ms, 150ms}};
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").recovery_max == 50ms);
    CHECK(figures_of(all, "root/a").availability() == 95.0);
    CHECK(figures_of(all, "root/a").restarts == 0);
  }

  TEST_CASE("percentiles are by nearest rank") {
    std::vector<nanoseconds> sorted;
    for (int i = 1; i <= 200; ++i) sorted.push_back(nanoseconds{i});
    CHECK(coppice::nearest_rank(sorted, 50) == 100ns);
    CHECK(coppice::nearest_rank(sorted, 99) == 198ns);
    CHECK(coppice::nearest_rank(sorted, 100) == 200ns);
    CHECK(coppice::nearest_rank({5ns, 9ns}, 50) == 5ns);
    CHECK(coppice::nearest_rank({5ns}, 99) == 5ns);
  }

  TEST_CASE("children come in the order of the tree, whoever was started when") {
    made_record made{1000};
    made.life("root", 0);
    made.life("root/b", 1, 100, "boom");
    made.life("root/pool", 2);
    made.life("root/pool/c", 3);
    made.life("root/a", 4);
    made.life("root/b", 101);
    made.hit("root/pool/never", 500, 0);
    std::vector<std::string> paths;
    for (const auto& each : compute_figures(*made).children) paths.push_back(each.path);
    CHECK(paths == std::vector<std::string>{"root", "root/b", "root/pool", "root/pool/c", "root/pool/never", "root/a"});
  }

  TEST_CASE("what never lived has no availability") {
    made_record made{1000};
    made.record().start_failures.push_back({5ms, "root/a", coppice::exit_reason{"boom"}});
    const chaos_figures all = compute_figures(*made);
    CHECK(figures_of(all, "root/a").start_failures == 1);
    CHECK_FALSE(figures_of(all, "root/a").availability());
  }

  TEST_CASE("the sum has all recoveries and all traffic") {
    const made_record made = small_record();
    const coppice::child_figures all = compute_figures(*made).all;
    CHECK(all.path == "all");
    CHECK(all.recoveries == 3);
    CHECK(all.recovery_median == 5ms);
    CHECK(all.recovery_p99 == 20ms);
    CHECK(all.calls == 10);
    CHECK(all.calls_failed == 2);
    CHECK(all.messages_lost == 3);
    CHECK(all.blast_max == 1);
  }

  TEST_CASE("two lives at once, against all rules, are no outage") {
    made_record made{1000};
    made.life("root/a", 0, 500, "boom");
    made.life("root/a", 400);
    CHECK(figures_of(compute_figures(*made), "root/a").out_of_service == 0ns);
  }
}
