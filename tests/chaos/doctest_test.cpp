// <coppice/chaos/doctest.hpp>: what passes is tested here, what fails in the program failing_tests.

#include <cstdint>
#include <cstdlib>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/wait.h>

#include <coppice/chaos/doctest.hpp>
#include <coppice/tree/run_program.hpp>

#include "chaos/till.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)

namespace {

struct shell_outcome {
  int status;
  std::string output;
};

shell_outcome in_shell(const std::string& command) {
  const auto done = detail::run_program("/bin/sh", {"-c", command}, "");
  if (done.start_error != 0 || !WIFEXITED(done.status)) throw std::runtime_error{command + " did not run"};
  return {WEXITSTATUS(done.status), done.output};
}

std::string failing_tests() {
  const char* const program = std::getenv("CHAOS_FAILING_TESTS");
  if (program == nullptr) throw std::runtime_error{"CHAOS_FAILING_TESTS is not set; run this by meson test"};
  return program;
}

shell_outcome run_failing(const std::string& test_case) {
  return in_shell(failing_tests() + " --no-colors --test-case='" + test_case + "'");
}

bool tells(const shell_outcome& done, const std::string& what) {
  return done.output.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("doctest") {
  TEST_CASE("a test runs once for each seed") {
    std::vector<std::uint64_t> seeds;
    over_seeds(5, [&seeds](tree_fixture& test) { seeds.push_back(test.seed()); });
    const seed_range all = chosen_seeds(5);
    CHECK(seeds.size() == all.last - all.first + 1);
    CHECK(seeds.front() == all.first);
  }

  TEST_CASE("a test that fails names its seed, and the command that it gives runs that seed alone") {
    for (const char* name : {"an expectation\\, with a comma\\, fails", "a CHECK in another process fails",
                             "a REQUIRE fails", "the body throws", "a FAIL_CHECK fails"}) {
      CAPTURE(name);
      const shell_outcome first = run_failing(name);
      CHECK(first.status == 1);
      static const std::regex told{"with seed (\\d+) of 0..99; to run it alone:\\n *(COPPICE_SEEDS=\\d+ .*)"};
      std::smatch found;
      REQUIRE(std::regex_search(first.output, found, told));
      const shell_outcome again = in_shell(found[2].str() + " --no-colors");
      CHECK(again.status == 1);
      CHECK(tells(again, "with seed " + found[1].str() + " of " + found[1].str()));
      CHECK(tells(again, "test cases: 1 | 0 passed | 1 failed"));
    }
  }

  TEST_CASE("a failure stops at its first seed, and is told once with what was expected and where") {
    const shell_outcome done = run_failing("an expectation*");
    CHECK(tells(done, "tests/chaos/failing_tests.cpp:"));
    CHECK(tells(done, "expected a restart of root/a after its incarnation 1 within 60 s; there live root root/a "));
    CHECK(tells(done, "started root/pool/c 1"));
    CHECK(done.output.find("with seed") == done.output.rfind("with seed"));
  }

  TEST_CASE("a failed check ends the seeds, and is told in its own words before the seed") {
    const shell_outcome check = run_failing("a CHECK*");
    CHECK(tells(check, "CHECK_FALSE( unlucky ) is NOT correct!"));
    CHECK(check.output.find("CHECK_FALSE( unlucky )") < check.output.find("the checks above failed\n"));
    const shell_outcome require = run_failing("a REQUIRE*");
    CHECK(tells(require, "FATAL ERROR: REQUIRE_FALSE( is_unlucky() ) is NOT correct!"));
    CHECK_FALSE(tells(require, "the test ended with"));
  }

  TEST_CASE("seeds with which a test passes give no failure") {
    // The same test, with a seed that was not the first to fail.
    const shell_outcome first = run_failing("the body throws");
    static const std::regex told{"with seed (\\d+) of"};
    std::smatch found;
    REQUIRE(std::regex_search(first.output, found, told));
    const std::uint64_t failing = std::stoull(found[1].str());
    REQUIRE(failing > 0);
    const auto before = "COPPICE_SEEDS=0.." + std::to_string(failing - 1) + " ";
    CHECK(in_shell(before + failing_tests() + " --test-case='the body throws'").status == 0);
  }

  TEST_CASE("a warning is no failure") {
    CHECK(run_failing("a warning*").status == 0);
  }

  TEST_CASE("seeds that cannot be read fail the test before it runs") {
    const shell_outcome done = in_shell("COPPICE_SEEDS=all " + failing_tests() + " --test-case='a warning*'");
    CHECK(done.status == 1);
    CHECK(tells(done, "found \"all\", in the environment variable COPPICE_SEEDS"));
  }
}
