// What a run leaves behind as text: the table, JSON, JUnit, the progress bar.

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include <coppice/chaos/chaos_json.hpp>
#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/junit_file.hpp>
#include <coppice/chaos/limits_check.hpp>
#include <coppice/chaos/progress_bar.hpp>
#include <coppice/chaos/time_text.hpp>
#include <coppice/tree/run_program.hpp>

#include "chaos/made_record.hpp"

using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

const std::string nasty = "a<b>&\"'\x01\xFF]]></script><!-- \xEF\xBF\xBF";

chaos_verdict failed_verdict() {
  chaos_verdict made;
  made.broken_limits.push_back({"recovery_max_ms", "root/a", "the longest is 20 ms; the limit is 10 ms", 100ms});
  made.broken_invariants.push_back({"no two incarnations at once", "root/b", nasty, 200ms});
  made.replay = "coppice chaos shop.json --seed 7";
  return made;
}

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

chaos_limits two_limits() {
  chaos_limits limits;
  limits.recovery_max_ms = 10;
  limits.availability = 90;
  return limits;
}

std::string junit(const chaos_record& record, const chaos_verdict& verdict) {
  return junit_file(record, compute_figures(record), two_limits(), verdict,
                    {"no two incarnations at once", "no orphan"});
}

// What python's parser makes of the test cases, a line each.
std::string parsed_junit(const std::string& xml) {
  const auto done = detail::run_program("python3", {"-c", R"(
import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
print(root.attrib["tests"], root.attrib["failures"], root.attrib["skipped"])
for case in root.iter("testcase"):
    print(case.attrib["name"], "|", *(child.tag for child in case))
)"},
                                        xml);
  if (done.start_error != 0 || done.status != 0) return "python3 cannot read it: " + done.output;
  return done.output;
}

}  // namespace

TEST_SUITE("chaos_table") {
  TEST_CASE("there is a row for each child and one for all") {
    const made_record made = small_record();
    chaos_verdict verdict;
    verdict.replay = "coppice chaos shop.json --seed 7";
    CHECK(chaos_table(*made, compute_figures(*made), verdict) ==
          R"(root, seed 7: 2 cuts and 3 restarts in 1 s of virtual time

                        recovery:                                   calls  messages   blast
child   cuts  restarts     median    p99    max  available  calls  failed      lost  radius  give-ups
root       0         0          -      -      -      100 %      0       0         0       0         0
root/a     2         2       5 ms  20 ms  20 ms  98.5000 %     10       2         3       1         0
root/b     0         1       5 ms   5 ms   5 ms  99.5000 %      0       0         0       0         0
all 3      2         3       5 ms  20 ms  20 ms  99.3333 %     10       2         3       1         0

passed
replay: coppice chaos shop.json --seed 7
)");
  }

  TEST_CASE("broken limits and invariants follow, with the seed and the command that replays them") {
    const made_record made = small_record();
    const std::string text = chaos_table(*made, compute_figures(*made), failed_verdict());
    CHECK(has(text,
              "\nbroken limit:\n  root/a: recovery_max_ms: the longest is 20 ms; the limit is 10 ms\n"
              "\nbroken invariant:\n  root/b: no two incarnations at once: a<b>&\"'\\u0001\\xFF"));
    CHECK(text.ends_with("\nfailed, with seed 7\nreplay: coppice chaos shop.json --seed 7\n"));
  }

  TEST_CASE(
      "a limit that many children break does not hide another: of each it tells some, and how many more there are") {
    const made_record made = small_record();
    chaos_verdict verdict;
    for (int i = 0; i < 5; ++i) verdict.broken_limits.push_back({"recovery_p99_ms", "root/a", "slow", 0ns});
    verdict.broken_limits.push_back({"give_ups", "root", "9 supervisors gave up", 0ns});
    for (int i = 0; i < 3; ++i) verdict.broken_invariants.push_back({"no orphan", "root/b", "alone", 0ns});
    verdict.broken_invariants.push_back({"a name", "", "is lost", 0ns});
    verdict.broken_invariants.push_back({"no orphan", "root/b", "alone", 0ns});
    CHECK(has(chaos_table(*made, compute_figures(*made), verdict, {.violations = 2}), R"(
broken limits:
  root/a: recovery_p99_ms: slow
  root/a: recovery_p99_ms: slow
  and 3 more of recovery_p99_ms
  root: give_ups: 9 supervisors gave up

broken invariants:
  root/b: no orphan: alone
  root/b: no orphan: alone
  and 2 more of no orphan
  a name: is lost
)"));
  }

  TEST_CASE("a warning stands before the verdict, and does not change it") {
    const made_record made = small_record();
    chaos_verdict verdict;
    verdict.warnings = {"nobody was hit"};
    CHECK(chaos_table(*made, compute_figures(*made), verdict).ends_with("\n\nwarning: nobody was hit\npassed\n"));
    CHECK(nlohmann::json::parse(chaos_json(*made, compute_figures(*made), {}, verdict))["warnings"][0] ==
          "nobody was hit");
  }

  TEST_CASE("of a large tree it has the worst, and says how bad the others are") {
    made_record made{1000};
    made.life("root", 0);
    for (int i = 0; i < 100; ++i) made.life("root/w-" + std::to_string(i), 0, 500 + (i == 70 ? 0 : 50), "boom");
    for (int i = 0; i < 100; ++i) made.life("root/w-" + std::to_string(i), 551 + (i == 71 ? 7 : 0));
    const std::string text = chaos_table(*made, compute_figures(*made), {});
    CHECK(lines_of(text) == 2 + 2 + 1 + 20 + 1 + 1 + 2);
    CHECK(text.find("root/w-70 ") < text.find("root/w-71 "));
    CHECK(text.find("root/w-71 ") < text.find("root/w-0 "));
    CHECK(has(text,
              "\nand 80 others: at most 0 cuts each, available for 99.9000 % or more, recovery p99 at most 1 ms\n"));
    CHECK(has(text, "\nall 101 "));
  }

  TEST_CASE("it has no colours unless asked, and then the rows of broken limits have one") {
    const made_record made = small_record();
    CHECK_FALSE(has(chaos_table(*made, compute_figures(*made), failed_verdict()), "\x1b"));
    CHECK(has(chaos_table(*made, compute_figures(*made), failed_verdict(), {.colour = true}), "\x1b[31mroot/a "));
  }

  TEST_CASE("a path that is too long is cut in its middle") {
    made_record made{1000};
    made.life("root/" + std::string(60, 'x') + "/calc-7", 0);
    CHECK(has(chaos_table(*made, compute_figures(*made), {}, {.path_width = 20}), "\nroot/xxx...xx/calc-7 "));
  }

  TEST_CASE("what is not back and what did not start has columns when there is any") {
    made_record made{1000};
    made.life("root/a", 0, 900, "boom");
    made.record().start_failures.push_back({950ms, "root/a", exit_reason{"boom"}});
    const std::string text = chaos_table(*made, compute_figures(*made), {});
    CHECK(has(text, "   not "));
    CHECK(has(text, "starts\n"));
    CHECK_FALSE(has(chaos_table(*small_record(), compute_figures(*small_record()), {}), "starts\n"));
  }

  TEST_CASE("times have three digits and the unit that fits") {
    CHECK(detail::time_text(0ns) == "0 s");
    CHECK(detail::time_text(999ns) == "999 ns");
    CHECK(detail::time_text(12'345ns) == "12.3 µs");
    CHECK(detail::time_text(4'567'890ns) == "4.56 ms");
    CHECK(detail::time_text(59'999ms) == "59.9 s");
    CHECK(detail::time_text(125s) == "2 min 5 s");
    CHECK(detail::time_text(2h) == "2 h");
    CHECK(detail::exact_ms_text(50'000'001ns) == "50.000001 ms");
    CHECK(detail::exact_ms_text(100ms) == "100 ms");
  }

  TEST_CASE("100 % is nothing less") {
    CHECK(detail::per_cent_text(100) == "100 %");
    CHECK(detail::per_cent_text(99.9999999) == "99.9999 %");
    CHECK(detail::per_cent_text(98.5) == "98.5000 %");
  }
}

TEST_SUITE("chaos_json") {
  TEST_CASE("it has the figures, the verdict and all that happened") {
    const made_record made = small_record();
    const std::string text = chaos_json(*made, compute_figures(*made), two_limits(), failed_verdict());
    const auto json = nlohmann::json::parse(text);
    CHECK(json["format"] == "coppice chaos report");
    CHECK(json["version"] == 1);
    CHECK(json["seed"] == 7);
    CHECK(json["passed"] == false);
    CHECK(json["replay"] == "coppice chaos shop.json --seed 7");
    CHECK(json["limits"] == nlohmann::json{{"recovery_max_ms", 10.0}, {"availability", 90.0}});
    CHECK(json["broken_limits"][0]["path"] == "root/a");
    CHECK(json["broken_invariants"][0]["invariant"] == "no two incarnations at once");
    CHECK(json["children"].size() == 3);
    CHECK(json["children"][1]["path"] == "root/a");
    CHECK(json["children"][1]["recovery_max_ns"] == 20'000'000);
    CHECK(json["children"][1]["availability"] == 98.5);
    CHECK(json["children"][0]["recovery_max_ns"].is_null());
    CHECK(json["all"]["restarts"] == 3);
    CHECK(json["hits"][1] ==
          nlohmann::json{
              {"time_ns", 400'000'000}, {"path", "root/a"}, {"incarnation", 2}, {"way", "crash boom"}, {"cuts", true}});
    CHECK(json["lives"].size() == 6);
    CHECK(json["lives"][3]["reason"] == "boom");
    CHECK(json["lives"][3]["cause"] == 1);
    CHECK(json["lives"][0]["end_ns"].is_null());
    CHECK(json["outages"].size() == 3);
    CHECK(json["outages"][0]["end_ns"] == 120'000'000);
  }

  TEST_CASE("the same record gives the same bytes, whatever the pids were") {
    made_record one = small_record();
    made_record other = small_record();
    const std::string text = chaos_json(*one, compute_figures(*one), {}, {});
    CHECK(text == chaos_json(*other, compute_figures(*other), {}, {}));
    CHECK_FALSE(has(text, "pid"));
    CHECK_FALSE(has(text, "<0."));
  }
}

TEST_SUITE("junit_file") {
  TEST_CASE("there is a test case for each limit, each invariant, and the tree that grew back") {
    const made_record made = small_record();
    CHECK(parsed_junit(junit(*made, {})) ==
          "5 0 0\nrecovery_max_ms at most 10 ms |\navailability at least 90 % |\nno two incarnations at once |\n"
          "no orphan |\nthe tree grew back |\n");
  }

  TEST_CASE("what is broken fails, with the seed and the replay command, whatever its text is made of") {
    const made_record made = small_record();
    const std::string xml = junit(*made, failed_verdict());
    CHECK(parsed_junit(xml) ==
          "5 2 0\nrecovery_max_ms at most 10 ms | failure\navailability at least 90 % |\n"
          "no two incarnations at once | failure\nno orphan |\nthe tree grew back |\n");
    CHECK(has(xml,
              "root/a: the longest is 20 ms; the limit is 10 ms (at 100 ms)\nseed: 7\nreplay: coppice chaos shop.json "
              "--seed 7\n"));
    CHECK(has(xml, "a&lt;b&gt;&amp;&quot;&#39;\xEF\xBF\xBD\xEF\xBF\xBD]]&gt;"));
  }

  TEST_CASE("an invariant that nobody announced has its test case when it is broken") {
    const made_record made = small_record();
    chaos_verdict verdict;
    verdict.broken_invariants.push_back({"every call answered", "", "one was not", 0ns});
    CHECK(has(parsed_junit(junit(*made, verdict)), "every call answered | failure\n"));
  }

  TEST_CASE("a warning is a test case that is skipped") {
    const made_record made = small_record();
    chaos_verdict verdict;
    verdict.warnings = {"nobody was hit"};
    const std::string parsed = parsed_junit(junit(*made, verdict));
    CHECK(parsed.starts_with("6 0 1\n"));
    CHECK(parsed.ends_with("a fault has hit somebody | skipped\n"));
  }

  TEST_CASE("a tree that has not grown back fails, unless the run was interrupted") {
    made_record made{1000};
    made.life("root/a", 0, 900, "boom");
    CHECK(has(parsed_junit(junit(*made, {})), "the tree grew back | failure\n"));
    made.record().interrupted = true;
    CHECK(has(parsed_junit(junit(*made, {})), "the tree grew back | skipped\n"));
  }

  TEST_CASE("what a run that was interrupted has not broken is skipped, and has not passed") {
    made_record made = small_record();
    made.record().interrupted = true;
    CHECK(parsed_junit(junit(*made, failed_verdict())) ==
          "5 2 3\nrecovery_max_ms at most 10 ms | failure\navailability at least 90 % | skipped\n"
          "no two incarnations at once | failure\nno orphan | skipped\nthe tree grew back | skipped\n");
  }
}

TEST_SUITE("progress_bar") {
  const chaos_progress some{.done = 21s, .total = 60s, .hits = 350, .restarts = 1348, .alive = 99, .expected = 101};

  TEST_CASE("it has a bar, counts and time") {
    CHECK(progress_bar(some, 120) ==
          "[##########....................]   35 %  21 s of 1 min 00 s virtual  350 hits  1,348 restarts  99 of 101 "
          "alive");
  }

  TEST_CASE("it is never wider than there is room, and keeps what matters longest") {
    for (std::size_t width = 0; width < 150; ++width) CHECK(progress_bar(some, width).size() <= width);
    CHECK(progress_bar(some, 60) == "[##......]   35 %  350 hits  1,348 restarts  99 of 101 alive");
    CHECK(progress_bar(some, 50) == "[####..........]   35 %  350 hits  99 of 101 alive");
    CHECK(progress_bar(some, 6) == " 35 %");
    CHECK(progress_bar(some, 3).empty());
  }

  TEST_CASE("without an end there is no bar") {
    CHECK(progress_bar({.done = 5s, .is_virtual = false, .hits = 1, .alive = 3, .expected = 3}, 80) ==
          "5 s real  1 hit  0 restarts  3 of 3 alive");
  }

  TEST_CASE("it is full at the end, not before, and not beyond") {
    CHECK(has(progress_bar({.done = 60s, .total = 60s}, 80), "100 %"));
    CHECK(has(progress_bar({.done = 59'999ms, .total = 60s}, 80), " 99 %"));
    CHECK(has(progress_bar({.done = 70s, .total = 60s}, 80), "100 %"));
  }
}
