#include <doctest/doctest.h>

#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

std::string fault_of(const child_spec& spec, auto_shutdown under = auto_shutdown::never) {
  const auto fault = check_child_spec(spec, under);
  return fault ? fault->to_string() : "none";
}

}  // namespace

TEST_SUITE("child_spec") {
  TEST_CASE(
      "defaults are one_for_one, one restart in 5 s, never; permanent worker, 5 s to stop, not significant (S82)") {
    const supervisor_flags flags;
    CHECK(flags.strategy == strategy::one_for_one);
    CHECK(flags.max_restarts == 1);
    CHECK(flags.max_seconds == 5s);
    CHECK(flags.auto_shutdown == auto_shutdown::never);

    const child_spec spec;
    CHECK(spec.restart == restart_type::permanent);
    CHECK(spec.type == child_type::worker);
    CHECK_FALSE(spec.significant);
    CHECK_FALSE(spec.shutdown.has_value());
    CHECK(shutdown_time::default_of(child_type::worker) == shutdown_time{5000ms});
    CHECK(shutdown_time::default_of(child_type::supervisor) == shutdown_time::infinity());
  }

  TEST_CASE("each fault of a child spec has OTP's name (S95, S115)") {
    CHECK(fault_of(grove::worker("a")) == "none");
    CHECK(fault_of(grove::worker("")) == "missing_id");
    CHECK(fault_of(grove::from("a", {})) == "missing_start");

    child_spec hasty = grove::worker("a");
    hasty.shutdown = shutdown_time{-3ms};
    CHECK(fault_of(hasty) == "{invalid_shutdown,-3}");

    child_spec significant = grove::worker("a", restart_type::transient);
    significant.significant = true;
    CHECK(fault_of(significant).starts_with("{bad_combination,"));
    CHECK(fault_of(significant, auto_shutdown::any_significant) == "none");
    CHECK(fault_of(significant, auto_shutdown::all_significant) == "none");
    significant.restart = restart_type::permanent;
    CHECK(fault_of(significant, auto_shutdown::any_significant).starts_with("{bad_combination,"));
  }

  TEST_CASE("a negative shutdown is refused, whatever its value") {
    for (const auto wrong : {-1ms, -2ms, -3ms, -5000ms}) {
      child_spec hasty = grove::worker("a");
      hasty.shutdown = shutdown_time{wrong};
      CHECK_MESSAGE(fault_of(hasty).starts_with("{invalid_shutdown,"), wrong.count() << " ms was taken");
    }
  }

  TEST_CASE("shutdown times are printed as a tree file writes them") {
    CHECK(to_string(shutdown_time{0ms}) == "0");
    CHECK(to_string(shutdown_time{5000ms}) == "5000");
    CHECK(to_string(shutdown_time::brutal_kill()) == "brutal_kill");
    CHECK(to_string(shutdown_time::infinity()) == "infinity");
  }

  TEST_CASE("strategies, restart types, child types and errors are printed in OTP's words") {
    CHECK(to_string(strategy::one_for_one) == "one_for_one");
    CHECK(to_string(strategy::one_for_all) == "one_for_all");
    CHECK(to_string(strategy::rest_for_one) == "rest_for_one");
    CHECK(to_string(restart_type::permanent) == "permanent");
    CHECK(to_string(restart_type::transient) == "transient");
    CHECK(to_string(restart_type::temporary) == "temporary");
    CHECK(to_string(child_type::worker) == "worker");
    CHECK(to_string(child_type::supervisor) == "supervisor");
    CHECK(to_string(auto_shutdown::never) == "never");
    CHECK(to_string(auto_shutdown::any_significant) == "any_significant");
    CHECK(to_string(auto_shutdown::all_significant) == "all_significant");
    CHECK(to_string(child_error::already_started) == "already_started");
    CHECK(to_string(child_error::already_present) == "already_present");
    CHECK(to_string(child_error::not_found) == "not_found");
    CHECK(to_string(child_error::running) == "running");
    CHECK(to_string(child_error::restarting) == "restarting");
    CHECK(to_string(child_error::start_failed) == "start_failed");
    CHECK(to_string(child_error::bad_combination) == "bad_combination");
    CHECK(to_string(child_error::bad_spec) == "bad_spec");
  }
}
