#include <string>
#include <utility>
#include <vector>

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

// Each process was hit as often as it was to be, in two ways at each of its points.
sweep_outcome whole_sweep(std::vector<sweep_point> points) {
  sweep_outcome made;
  for (const auto& each : points) {
    for (auto* count : {&made.processes[each.path].runs, &made.processes[each.path].all_runs}) *count += 2;
  }
  made.runs = made.all_runs = 2 * points.size();
  made.points = std::move(points);
  return made;
}

std::string junit(const sweep_outcome& outcome) {
  return sweep_junit(outcome, 7, replay, "all again");
}

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("sweep JUnit file") {
  TEST_CASE("each process is a test case, and has failed if a hit on it has broken something") {
    sweep_outcome outcome =
        whole_sweep({point(1, "root", fault_point::init_begins), point(2, "root/a", fault_point::init_begins),
                     point(3, "root/a", fault_point::handler_begins, "shop::sell<int>")});
    outcome.failures.push_back({outcome.points[1], hit_way::kill, {{"a rule", "root/a", "is \"broken\" & gone", {}}}});
    outcome.failures.push_back(
        {outcome.points[2], hit_way::hang, {{"a rule", "", "first", {}}, {"another", "", "second", {}}}});
    CHECK(sweep_junit(outcome, 18446744073709551615U, replay, "") == R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="coppice chaos --sweep, seed 18446744073709551615" tests="3" failures="1" errors="0" skipped="0">
    <testcase classname="sweep" name="without a hit"/>
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

  TEST_CASE("a sweep without failures has none, and one without points only the run without a hit") {
    const std::string well = junit(whole_sweep({point(1, "root", fault_point::init_begins)}));
    CHECK(has(well, "tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    CHECK_FALSE(has(well, "<failure"));
    CHECK(has(junit({}), "tests=\"1\" failures=\"0\""));
  }

  TEST_CASE("a process that an interrupted sweep has not come to, or not wholly, is skipped, and has not passed") {
    sweep_outcome outcome =
        whole_sweep({point(1, "root", fault_point::init_begins), point(2, "root/a", fault_point::init_begins),
                     point(3, "root/b", fault_point::init_begins)});
    outcome.interrupted = true;
    outcome.processes["root/a"].runs = 1;
    outcome.processes["root/b"].runs = 0;
    const std::string text = junit(outcome);
    CHECK(has(text, "tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"2\""));
    CHECK(has(text, "name=\"root\"/>"));
    CHECK(has(text,
              "name=\"root/a\">\n      <skipped message=\"the sweep was interrupted: 1 of 2 runs with a hit on it "
              "were done\"/>\n"));
    CHECK(has(text, "name=\"root/b\">\n      <skipped message=\"the sweep was interrupted: 0 of 2 runs "));
  }

  TEST_CASE("what has failed before an interruption has failed, and how far it was hit is said") {
    sweep_outcome outcome = whole_sweep({point(1, "root", fault_point::init_begins)});
    outcome.interrupted = true;
    outcome.processes["root"].runs = 1;
    outcome.failures.push_back({outcome.points[0], hit_way::kill, {{"a rule", "root", "is broken", {}}}});
    const std::string text = junit(outcome);
    CHECK(has(text, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\""));
    CHECK(has(text, "to see it again: again 1\nthe sweep was interrupted: 1 of 2 runs with a hit on it were done\n"));
  }

  TEST_CASE("a process that no run was to hit is skipped") {
    sweep_outcome outcome = whole_sweep({point(1, "root", fault_point::init_begins)});
    outcome.processes["root"] = {};
    CHECK(has(junit(outcome), "<skipped message=\"no run hits it: "));
  }

  TEST_CASE("what is wrong before anything is hit fails the run without a hit, and all others are skipped") {
    sweep_outcome outcome = whole_sweep({point(1, "root", fault_point::init_begins)});
    outcome.processes["root"] = {};
    outcome.without_hit.push_back({"a rule", "root/a", "is broken", {}});
    const std::string text = junit(outcome);
    CHECK(has(text, "tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"1\""));
    CHECK(has(text,
              "name=\"without a hit\">\n      <failure message=\"root/a: a rule: is broken\">something is wrong before "
              "anything is hit:\n  root/a: a rule: is broken\n  to see it again: all again\n</failure>\n"));
    CHECK(has(text, "name=\"root\">\n      <skipped message=\"nothing was hit: something was wrong before\"/>\n"));
  }
}
