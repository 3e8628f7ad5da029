#pragma once

/// Tests of trees with doctest, over many seeds. The only header of Coppice that needs doctest: include it in tests
/// alone.

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include <coppice/chaos/seed_choice.hpp>
#include <coppice/chaos/tree_fixture.hpp>

namespace coppice {

namespace detail {

// Sees which checks fail, on whatever thread: doctest itself tells a test nothing of that.
struct doctest_listener final : doctest::IReporter {
  explicit doctest_listener(const doctest::ContextOptions&) {}

  static inline std::atomic<std::uint64_t> failed_checks{0};
  static inline const char* test_case = "";

  void test_case_start(const doctest::TestCaseData& begun) override { test_case = begun.m_name; }
  void log_assert(const doctest::AssertData& checked) override {
    if (checked.m_failed && (checked.m_at & doctest::assertType::is_warn) == 0) ++failed_checks;
  }
  void log_message(const doctest::MessageData& said) override {
    if ((said.m_severity & doctest::assertType::is_warn) == 0) ++failed_checks;
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_end(const doctest::CurrentTestCaseStats&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {}
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

inline const int doctest_listening = doctest::registerReporter<doctest_listener>("coppice", 0, false);

}  // namespace detail

/// Runs the body of a test once for each seed from 0 on, so many, each time as a process in a simulation of its own,
/// and stops at the first seed with which it fails: by an expectation of the fixture, a CHECK in any process, a REQUIRE
/// in the body, or an exception. The failure names the seed, and the command that runs it alone:
///
///     COPPICE_SEEDS=17 ./shop_tests --test-case='a till that crashes is back'
///
/// `COPPICE_SEEDS=0..99999` runs a test with more seeds than it asks for. An expectation is reported where it stands.
///
///     TEST_CASE("a till that crashes is back") {
///       coppice::over_seeds(100, [](coppice::tree_fixture& test) {
///         test.plant("shop.json", workers());
///         test.cut("shop/till", "boom");
///         test.expect_restart("shop/till");
///       });
///     }
inline void over_seeds(std::uint64_t count, const std::function<void(tree_fixture&)>& body,
                       const test_options& options = {}, source_place where = source_place::current()) {
  const seed_range seeds = chosen_seeds(count);
  for (std::uint64_t seed = seeds.first;; ++seed) {
    const std::uint64_t failed_before = detail::doctest_listener::failed_checks;
    const auto failure = test_with_seed(
        seed,
        [&body](tree_fixture& test) {
          try {
            body(test);
          } catch (const doctest::detail::TestFailureException&) {
            // A REQUIRE, which has been reported.
            return;
          }
        },
        options, where);
    if (failure || detail::doctest_listener::failed_checks != failed_before) {
      const std::string text = (failure ? failure->text : "the checks above failed") + "\nwith seed " +
                               std::to_string(seed) + " of " + to_string(seeds) + "; to run it alone:\n  " +
                               doctest_replay(seed, detail::doctest_listener::test_case);
      const auto at = failure ? failure->where : where;
      DOCTEST_ADD_FAIL_CHECK_AT(at.file_name(), static_cast<int>(at.line()), text);
      return;
    }
    if (seed == seeds.last) return;
  }
}

}  // namespace coppice
