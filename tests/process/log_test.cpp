#include <optional>

#include <doctest/doctest.h>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

/// A level for as long as it lives.
struct logged_from {
  explicit logged_from(std::optional<log_level> least) { set_log_level(least); }
  logged_from(const logged_from&) = delete;
  logged_from& operator=(const logged_from&) = delete;
  ~logged_from() { set_log_level(log_level::debug); }
};

}  // namespace

TEST_SUITE("log") {
  TEST_CASE("everything is reported unless a level is set") {
    const captured_log log;
    CHECK(is_logged(log_level::debug));
    report(log_level::debug, pid{}, "a detail");
    CHECK(log.tells("a detail"));
  }

  TEST_CASE("what is below the level goes nowhere") {
    const captured_log log;
    const logged_from warnings{log_level::warning};
    CHECK_FALSE(is_logged(log_level::info));
    CHECK(is_logged(log_level::warning));
    report(log_level::info, pid{}, "a remark");
    report(log_level::warning, pid{}, "a warning");
    report(log_level::error, pid{}, "an error");
    CHECK(log.text() == "a warning\nan error\n");
  }

  TEST_CASE("without a level nothing is reported, crashes neither") {
    const captured_log log;
    const logged_from nothing{std::nullopt};
    CHECK_FALSE(is_logged(log_level::error));
    report(log_level::error, pid{}, "an error");
    report_crash(pid{}, "f", exit_reason{"boom"});
    CHECK(log.text().empty());
  }
}
