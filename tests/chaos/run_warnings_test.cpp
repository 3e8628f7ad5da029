#include <string>

#include <doctest/doctest.h>

#include <coppice/chaos/run_warnings.hpp>

#include "chaos/made_record.hpp"

using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

chaos_plan rare() {
  chaos_fault fault;
  fault.per_second = 0.001;
  chaos_plan plan;
  plan.phases.push_back({.name = "calm", .duration = 100ms, .faults = {fault}});
  return plan;
}

}  // namespace

TEST_SUITE("warnings of a chaos run") {
  TEST_CASE("a plan whose faults have hit nobody is warned of, with how often they strike and what to change") {
    const made_record made{100};
    const auto warnings = warnings_of(rare(), *made);
    REQUIRE(warnings.size() == 1);
    CHECK(
        warnings[0] ==
        "no fault of the plan has hit anybody, so that nothing is known of how the tree stands them; in 100 ms they "
        "strike 0.0001 times on the mean. Make \"per_second\" greater or \"duration_ms\" longer, or let a fault strike "
        "\"once\".");
  }

  TEST_CASE("one hit is enough") {
    made_record made{100};
    made.hit("root/a", 1);
    CHECK(warnings_of(rare(), *made).empty());
  }

  TEST_CASE("a plan without faults is meant to hit nobody") {
    chaos_plan plan = rare();
    plan.phases[0].faults.clear();
    CHECK(warnings_of(plan, *made_record{100}).empty());
  }

  TEST_CASE("a run that was interrupted is told as such, and not warned of") {
    made_record made{100};
    made.record().interrupted = true;
    CHECK(warnings_of(rare(), *made).empty());
  }
}
