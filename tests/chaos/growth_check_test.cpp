#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/growth_check.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

chaos_life life(std::string path, std::chrono::nanoseconds begin) {
  chaos_life made;
  made.path = std::move(path);
  made.type = made.path == "root" ? child_type::supervisor : child_type::worker;
  made.incarnation = 1;
  made.begin = begin;
  return made;
}

chaos_record a_minute() {
  chaos_record made;
  made.root = "root";
  made.end = 60s;
  return made;
}

std::vector<std::string> missing_in(const chaos_record& record) {
  std::vector<std::string> told;
  for (const auto& each : check_growth(record, compute_figures(record))) {
    CHECK(each.invariant == grew_back);
    told.push_back(each.path + " " + each.text);
  }
  return told;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("growth of a tree") {
  TEST_CASE("a tree in which all are back has grown back") {
    chaos_record record = a_minute();
    record.lives = {life("root", 0s), life("root/a", 0s), life("root/a", 2s)};
    record.lives[1].end = 1s;
    record.lives[1].reason = exit_reason::killed();
    CHECK(missing_in(record) == texts{});
  }

  TEST_CASE("a child that is not back is missing") {
    chaos_record record = a_minute();
    record.lives = {life("root", 0s), life("root/a", 0s)};
    record.lives[1].end = 1s;
    record.lives[1].reason = exit_reason::killed();
    CHECK(missing_in(record) == texts{"root/a was out of service at the end"});
    record.interrupted = true;
    CHECK(missing_in(record) == texts{});
  }

  TEST_CASE("a root that ended before its plan is missing, and one that was shut down is not") {
    chaos_record record = a_minute();
    record.lives = {life("root", 0s)};
    record.lives[0].end = 5s;
    record.lives[0].reason = exit_reason::shutdown();
    CHECK(missing_in(record) ==
          texts{"root ended with shutdown before the plan was over, and nobody starts a root again"});
    record.lives[0].shut_down = true;
    CHECK(missing_in(record) == texts{});
  }

  TEST_CASE("a root that did not start is missing, with why") {
    chaos_record record = a_minute();
    record.start_failures.push_back({0s, "root", exit_reason{"injected"}});
    CHECK(missing_in(record) == texts{"root did not start: injected"});
  }
}
