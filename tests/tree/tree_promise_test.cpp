#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/shutdown_bound.hpp>
#include <coppice/tree/tree_promise.hpp>

#include "checked_tree.hpp"

using namespace coppice;
using namespace coppice::tests;
using namespace std::chrono_literals;

namespace {

tree_promise promise_of_text(std::string_view text) {
  return promise_of(checked_tree(text));
}

// POINTER SEMANTIC of each warning.
std::vector<std::string> warned(std::string_view text) {
  std::vector<std::string> result;
  for (tree_warning const& one : warnings_of(checked_tree(text)))
    result.push_back(one.pointer + ' ' + std::string{one.semantic});
  return result;
}

using list = std::vector<std::string>;

}  // namespace

TEST_SUITE("tree promise: processes") {
  TEST_CASE("they are counted by kind, replicas one by one") {
    auto const promise = promise_of_text(R"({"id": "root", "children": [
      {"id": "a", "start": "calc", "count": 100}, {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "calc"}, {"id": "c", "start": "cache"}]}]})");
    CHECK(promise.supervisors == 2);
    CHECK(promise.workers == std::map<std::string, std::uint64_t>{{"cache", 1}, {"calc", 101}});
    CHECK(promise.processes() == 104);
  }
}

TEST_SUITE("tree promise: restarts") {
  TEST_CASE("one supervisor gives up after its budget") {
    auto const worst =
        promise_of_text(R"({"id": "root", "max_restarts": 3, "children": [{"id": "a", "start": "calc"}]})")
            .until_root_gives_up;
    REQUIRE(worst.has_value());
    CHECK(worst->restarts == 3);
    CHECK(worst->path == "root/a");
    CHECK(worst->formula == "(3 + 1) - 1");
  }

  // root (2) -- s1 (3) -- a: s1 restarts a 3 times and gives up at its 4th failure. The root restarts s1 twice, so that
  // s1 has three lives: 3 * 3 restarts of a, and 2 of s1.
  TEST_CASE("the budgets on the way multiply") {
    auto const worst = promise_of_text(R"({"id": "root", "max_restarts": 2, "children": [
      {"id": "b", "start": "calc"},
      {"id": "s1", "type": "supervisor", "max_restarts": 3, "children": [{"id": "a", "start": "calc", "count": 2}]}]})")
                           .until_root_gives_up;
    REQUIRE(worst.has_value());
    CHECK(worst->restarts == 3 * 3 + 2);
    CHECK(worst->path == "root/s1/a-1");
    CHECK(worst->formula == "(2 + 1) x (3 + 1) - 1");
  }

  TEST_CASE("the longest of several ways counts") {
    auto const worst = promise_of_text(R"({"id": "root", "max_restarts": 1, "children": [
      {"id": "s1", "type": "supervisor", "max_restarts": 4, "children": [{"id": "a", "start": "calc"}]},
      {"id": "s2", "type": "supervisor", "max_restarts": 1, "children": [
        {"id": "s3", "type": "supervisor", "max_restarts": 2, "children": [{"id": "a", "start": "calc"}]}]}]})")
                           .until_root_gives_up;
    REQUIRE(worst.has_value());
    CHECK(worst->restarts == 2 * 2 * 3 - 1);
    CHECK(worst->path == "root/s2/s3/a");
  }

  TEST_CASE("a budget of 0 is a factor of 1") {
    auto const worst = promise_of_text(R"({"id": "root", "max_restarts": 0, "children": [
      {"id": "s1", "type": "supervisor", "max_restarts": 0, "children": [{"id": "a", "start": "calc"}]}]})")
                           .until_root_gives_up;
    REQUIRE(worst.has_value());
    CHECK(worst->restarts == 0);
  }

  TEST_CASE("a transient supervisor that gives up ends the way (S106)") {
    CHECK_FALSE(promise_of_text(R"({"id": "root", "max_restarts": 2, "children": [
      {"id": "s1", "type": "supervisor", "restart": "transient", "max_restarts": 3, "children": [{"id": "a", "start": "calc"}]}]})")
                    .until_root_gives_up.has_value());
  }

  TEST_CASE("temporary children never make a supervisor give up (S96)") {
    CHECK_FALSE(promise_of_text(R"({"id": "root", "children": [{"id": "a", "start": "calc", "restart": "temporary"}]})")
                    .until_root_gives_up.has_value());
    CHECK_FALSE(promise_of_text(R"({"id": "root"})").until_root_gives_up.has_value());
  }

  // s1 ends with its significant child s2, which restarts a 3 times before it gives up; s1 itself restarts nothing. The
  // root restarts s1 twice: three lives of 3 restarts, and 2 of s1.
  TEST_CASE("a supervisor that shuts itself down with a significant child is restarted like any other") {
    auto const worst = promise_of_text(R"({"id": "root", "max_restarts": 2, "children": [
      {"id": "s1", "type": "supervisor", "auto_shutdown": "any_significant", "max_restarts": 9, "children": [
        {"id": "s2", "type": "supervisor", "restart": "transient", "significant": true, "max_restarts": 3, "children": [
          {"id": "a", "start": "calc"}]}]}]})")
                           .until_root_gives_up;
    REQUIRE(worst.has_value());
    CHECK(worst->restarts == 3 * 3 + 2);
    CHECK(worst->path == "root/s1/s2/a");
    CHECK(worst->formula == "");
  }

  TEST_CASE("a root that shuts itself down has not given up") {
    CHECK_FALSE(promise_of_text(R"({"id": "root", "auto_shutdown": "all_significant", "children": [
      {"id": "a", "start": "calc", "restart": "temporary", "significant": true}]})")
                    .until_root_gives_up.has_value());
  }

  TEST_CASE("one of several significant children does not shut down for all_significant") {
    CHECK_FALSE(promise_of_text(R"({"id": "root", "children": [
      {"id": "s1", "type": "supervisor", "auto_shutdown": "all_significant", "children": [
        {"id": "a", "start": "calc", "restart": "temporary", "significant": true, "count": 2}]}]})")
                    .until_root_gives_up.has_value());
    auto const single = promise_of_text(R"({"id": "root", "max_restarts": 4, "children": [
      {"id": "s1", "type": "supervisor", "auto_shutdown": "all_significant", "children": [
        {"id": "a", "start": "calc", "restart": "temporary", "significant": true}]}]})")
                            .until_root_gives_up;
    REQUIRE(single.has_value());
    CHECK(single->restarts == 4);
  }

  TEST_CASE("a number that does not fit is the largest that does") {
    std::string text = "{\"id\": \"a\", \"start\": \"calc\"}";
    for (int i = 0; i < 8; ++i) {
      text = "{\"id\": \"s\", \"type\": \"supervisor\", \"max_restarts\": 999, \"children\": [" + text + "]}";
    }
    auto const promise = promise_of_text("{\"id\": \"root\", \"max_restarts\": 999, \"children\": [" + text + "]}");
    REQUIRE(promise.until_root_gives_up.has_value());
    CHECK(promise.until_root_gives_up->restarts == UINT64_MAX);
    CHECK(promise_text(promise, "t.json").find("after more than 18,446,744,073,709,551,614 restarts, if root/s/") !=
          std::string::npos);
  }
}

TEST_SUITE("tree promise: shutdown") {
  auto const longest = [](std::string_view children) {
    return promise_of_text("{\"id\": \"root\", \"children\": [" + std::string{children} + "]}").shutdown;
  };

  TEST_CASE("children end one after the other (S87), replicas too") {
    CHECK(
        longest(R"({"id": "a", "start": "calc"}, {"id": "b", "start": "calc", "shutdown": 250, "count": 4})").longest ==
        6000ms);
  }

  TEST_CASE("a killed child takes no time") {
    CHECK(longest(R"({"id": "a", "start": "calc", "shutdown": "brutal_kill"})").longest == 0ms);
    CHECK(
        longest(
            R"({"id": "s", "type": "supervisor", "shutdown": "brutal_kill", "children": [{"id": "a", "start": "calc"}]})")
            .longest == 0ms);
  }

  TEST_CASE("a supervisor takes what its children take, and at most its limit") {
    std::string const children = R"("children": [{"id": "a", "start": "calc"}, {"id": "b", "start": "calc"}]})";
    CHECK(longest(R"({"id": "s", "type": "supervisor", )" + children).longest == 10s);
    CHECK(longest(R"({"id": "s", "type": "supervisor", "shutdown": 3000, )" + children).longest == 3s);
    CHECK(longest(R"({"id": "s", "type": "supervisor", "shutdown": 30000, )" + children).longest == 10s);
  }

  TEST_CASE("one worker without a limit makes the whole endless, and is named") {
    auto const endless = longest(
        R"({"id": "s", "type": "supervisor", "children": [{"id": "a", "start": "calc", "shutdown": "infinity"}]})");
    CHECK_FALSE(endless.longest.has_value());
    CHECK(endless.endless == list{"root/s/a"});
    auto const bounded = longest(
        R"({"id": "s", "type": "supervisor", "shutdown": 700, "children": [{"id": "a", "start": "calc", "shutdown": "infinity"}]})");
    CHECK(bounded.longest == 700ms);
    CHECK(bounded.endless.empty());
  }

  TEST_CASE("durations are written in their units") {
    CHECK(detail::duration_text(0ms) == "0 ms");
    CHECK(detail::duration_text(999ms) == "999 ms");
    CHECK(detail::duration_text(5000ms) == "5 s");
    CHECK(detail::duration_text(90'500ms) == "1 min 30 s 500 ms");
    CHECK(detail::duration_text(25h) == "1 d 1 h");
  }
}

TEST_SUITE("tree warnings") {
  TEST_CASE("a plain tree has none") {
    CHECK(
        warned(
            R"({"id": "root", "max_restarts": 2, "children": [{"id": "a", "start": "calc"}, {"id": "b", "start": "calc"}]})") ==
        list{});
    CHECK(warned(R"({"id": "root"})") == list{});
  }

  TEST_CASE("a transient supervisor that gives up is not restarted (S106)") {
    std::string const tail = R"("type": "supervisor", "restart": "transient"})";
    CHECK(warned(R"({"id": "root", "children": [{"id": "s", )" + tail + "]}") == list{"/children/0 S106"});
    SUBCASE("which is meant where it is significant") {
      CHECK(warned(
                R"({"id": "root", "auto_shutdown": "any_significant", "children": [{"id": "s", "significant": true, )" +
                tail + "]}") == list{});
    }
  }

  TEST_CASE("a temporary supervisor is gone with its branch (S96)") {
    CHECK(warned(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "restart": "temporary"}]})") ==
          list{"/children/0 S96"});
  }

  TEST_CASE("temporary children vanish with a sibling (S100)") {
    std::string const children =
        R"("max_restarts": 9, "children": [{"id": "a", "start": "calc", "restart": "temporary"}, {"id": "b", "start": "calc"},
      {"id": "c", "start": "calc", "restart": "temporary"}]})";
    CHECK(warned(R"({"id": "root", "strategy": "one_for_all", )" + children) ==
          list{"/children/0 S100", "/children/2 S100"});
    SUBCASE("under rest_for_one only with one that was started before") {
      CHECK(warned(R"({"id": "root", "strategy": "rest_for_one", )" + children) == list{"/children/2 S100"});
    }
    SUBCASE("not under one_for_one") {
      CHECK(warned(R"({"id": "root", )" + children) == list{});
    }
    SUBCASE("not where no sibling is ever restarted") {
      CHECK(
          warned(
              R"({"id": "root", "strategy": "one_for_all", "children": [{"id": "a", "start": "calc", "restart": "temporary"},
        {"id": "b", "start": "calc", "restart": "temporary"}]})") == list{});
    }
  }

  TEST_CASE("a transient child is started again with a sibling (S101)") {
    CHECK(warned(R"({"id": "root", "strategy": "one_for_all", "max_restarts": 9, "children": [
      {"id": "a", "start": "calc", "restart": "transient"}, {"id": "b", "start": "calc"}]})") ==
          list{"/children/0 S101"});
    SUBCASE("its own replicas are siblings") {
      CHECK(warned(R"({"id": "root", "strategy": "rest_for_one", "max_restarts": 9, "children": [
        {"id": "a", "start": "calc", "restart": "transient", "count": 2}]})") == list{"/children/0 S101"});
    }
    SUBCASE("an only child has none") {
      CHECK(
          warned(
              R"({"id": "root", "strategy": "one_for_all", "children": [{"id": "a", "start": "calc", "restart": "transient"}]})") ==
          list{});
    }
  }

  TEST_CASE("max_restarts 0 restarts nothing (S102)") {
    CHECK(warned(R"({"id": "root", "max_restarts": 0, "children": [{"id": "a", "start": "calc"}]})") == list{" S102"});
    CHECK(
        warned(
            R"({"id": "root", "max_restarts": 0, "children": [{"id": "a", "start": "calc", "restart": "temporary"}]})") ==
        list{});
  }

  TEST_CASE("five siblings that fail once each exhaust a shared budget of four (S103)") {
    std::string const five = R"("children": [{"id": "a", "start": "calc", "count": 4}, {"id": "b", "start": "calc"}]})";
    auto const warnings = warnings_of(checked_tree(R"({"id": "root", "max_restarts": 4, )" + five));
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].semantic == "S103");
    CHECK(warnings[0].message ==
          "5 children share a budget of 4 restarts within 5 s; if 5 of them fail once each in that time, the "
          "supervisor gives up. Raise "
          "\"max_restarts\", or give them supervisors of their own.");
    CHECK(warned(R"({"id": "root", "max_restarts": 5, )" + five) == list{});
  }

  TEST_CASE("auto_shutdown waits for significant children (S112)") {
    CHECK(warned(R"({"id": "root", "auto_shutdown": "any_significant", "children": [{"id": "a", "start": "calc"}]})") ==
          list{" S112"});
  }

  TEST_CASE("a permanent supervisor that shuts itself down comes back at once (S96)") {
    CHECK(
        warned(
            R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "auto_shutdown": "any_significant", "children": [
      {"id": "a", "start": "calc", "restart": "temporary", "significant": true}]}]})") == list{"/children/0 S96"});
  }

  TEST_CASE("a supervisor that is killed before its children have ended orphans them (S88, S93)") {
    auto const with = [](std::string const& shutdown) {
      return warned(R"({"id": "root", "children": [{"id": "s", "type": "supervisor", "shutdown": )" + shutdown +
                    R"(, "children": [{"id": "a", "start": "calc"}]}]})");
    };
    CHECK(with("4999") == list{"/children/0 S88"});
    CHECK(with("5000") == list{});
    CHECK(with("\"brutal_kill\"") == list{"/children/0 S93"});
    CHECK(with("\"infinity\"") == list{});
  }

  TEST_CASE("shutdown 0 is no time (S88)") {
    CHECK(warned(R"({"id": "root", "children": [{"id": "a", "start": "calc", "shutdown": 0}]})") ==
          list{"/children/0 S88"});
  }
}

TEST_SUITE("tree promise: costs") {
  TEST_CASE("a worker whose end costs all the time that it is given is warned of") {
    auto const with = [](std::string const& keys) {
      return warned(R"({"id": "root", "children": [{"id": "a", "start": "calc", )" + keys + "}]}");
    };
    CHECK(with(R"("cost": {"terminate_us": 5000000})") == list{"/children/0 S88"});
    CHECK(with(R"("cost": {"terminate_us": 4999999})") == list{});
    CHECK(with(R"("cost": {"terminate_us": 5000000}, "shutdown": "infinity")") == list{});
    CHECK(with(R"("cost": {"terminate_us": 5000000}, "shutdown": "brutal_kill")") == list{});
    CHECK(warnings_of(checked_tree(R"({"id": "root", "children": [
      {"id": "a", "start": "calc", "shutdown": 100, "cost": 2000000}]})"))
              .at(0)
              .message ==
          "in a chaos run it is killed before it has ended: it is given 100 ms, and its orderly end costs 2 s. Lower "
          "\"terminate_us\" or raise \"shutdown\".");
  }
}

TEST_SUITE("tree promise: text") {
  TEST_CASE("it reads like a page") {
    CHECK(promise_text(promise_of_text(R"({"id": "root", "max_restarts": 2, "children": [
      {"id": "s1", "type": "supervisor", "restart": "transient", "children": [{"id": "a", "start": "calc", "shutdown": "infinity"}]},
      {"id": "s2", "type": "supervisor", "max_restarts": 3, "children": [{"id": "a", "start": "calc"}]}]})"),
                       "shop.json") ==
          "Processes: 5: 3 supervisors and 2 workers (2 calc).\n"
          "Restarts:  the root gives up after at most 11 restarts, (2 + 1) x (3 + 1) - 1, if root/s2/a fails again and "
          "again and all of it "
          "falls into the windows of \"max_seconds\".\n"
          "Shutdown:  may take for ever; no limit (\"infinity\") for root/s1/a.\n"
          "shop.json:/children/0: warning: a transient supervisor that gives up is not restarted: it exits with "
          "shutdown, which is a normal "
          "end. Write \"permanent\" if it should come back.\n");
  }

  TEST_CASE("a tree of one process promises little") {
    CHECK(promise_text(promise_of_text(R"({"id": "root"})"), "t.json") ==
          "Processes: 1: 1 supervisor and 0 workers.\n"
          "Restarts:  no child can make the root give up.\n"
          "Shutdown:  takes no time: no child is waited for.\n");
  }

  TEST_CASE("a plan is told in a line, before the warnings") {
    chaos_plan plan;
    plan.phases = {{"storm", 10s, std::vector<chaos_fault>(3)}, {"rest", 500ms, {}}};
    auto const root = checked_tree(R"({"id": "root", "children": [{"id": "a", "start": "calc", "shutdown": 0}]})");
    auto const line = [&] {
      std::string const text = promise_text(promise_of(root, plan), "t.json");
      auto const at = text.find("Chaos:");
      REQUIRE(at != std::string::npos);
      CHECK(at < text.find("warning:"));
      return text.substr(at, text.find('\n', at) - at);
    };
    CHECK(line() == "Chaos:     takes 10.5 s in 2 phases: 3 faults.");
    plan.phases.pop_back();
    plan.load.resize(2);
    plan.expect.resize(1);
    plan.limits.availability = 99;
    plan.limits.give_ups = 0;
    CHECK(line() == "Chaos:     takes 10 s in 1 phase: 3 faults, load of 2 messages, 1 expectation, 2 limits.");
  }

  TEST_CASE("of very many warnings the first hundred are shown") {
    std::string children;
    for (int i = 0; i < 150; ++i) {
      children += (i == 0 ? "" : ",") + std::string{"{\"id\": \"a"} + std::to_string(i) +
                  "\", \"start\": \"calc\", \"restart\": \"temporary\", \"shutdown\": 0}";
    }
    auto const text = promise_text(promise_of_text("{\"id\": \"root\", \"children\": [" + children + "]}"), "t.json");
    CHECK(text.ends_with("t.json: and 50 more warnings.\n"));
  }
}
