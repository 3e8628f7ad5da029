#include <doctest/doctest.h>

#include <coppice/chaos/sweep_junit.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

sweep_point point(std::size_t number, std::string path, fault_point step, std::string what = {}) {
  return {number, std::move(path), step, std::move(what)};
}

std::string replay(const sweep_failure& each) {
  return "again " + std::to_string(each.point.number);
}

}  // namespace

TEST_SUITE("sweep JUnit file") {
  TEST_CASE("each process is a test case, and has failed if a hit on it has broken something") {
    sweep_outcome outcome;
    outcome.points = {point(1, "root", fault_point::init_begins), point(2, "root/a", fault_point::init_begins),
                      point(3, "root/a", fault_point::handler_begins, "shop::sell<int>")};
    outcome.failures.push_back({outcome.points[1], hit_way::kill, {{"a rule", "root/a", "is \"broken\" & gone", {}}}});
    outcome.failures.push_back(
        {outcome.points[2], hit_way::hang, {{"a rule", "", "first", {}}, {"another", "", "second", {}}}});
    CHECK(sweep_junit(outcome, 18446744073709551615U, replay) == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="coppice chaos --sweep, seed 18446744073709551615" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="sweep" name="root"/>
    <testcase classname="sweep" name="root/a">
      <failure message="root/a: a rule: is &quot;broken&quot; &amp; gone">root/a init_begins, kill:
  root/a: a rule: is &quot;broken&quot; &amp; gone
  to see it again: again 2
root/a handler_begins shop::sell&lt;int&gt;, hang:
  a rule: first
  another: second
  to see it again: again 3
</failure>
    </testcase>
  </testsuite>
</testsuites>
)");
  }

  TEST_CASE("a sweep without failures has none, and one without points no test case") {
    sweep_outcome outcome;
    outcome.points = {point(1, "root", fault_point::init_begins)};
    const std::string well = sweep_junit(outcome, 7, replay);
    CHECK(well.find("tests=\"1\" failures=\"0\"") != std::string::npos);
    CHECK(well.find("<failure") == std::string::npos);
    CHECK(sweep_junit({}, 7, replay).find("tests=\"0\" failures=\"0\"") != std::string::npos);
  }
}
