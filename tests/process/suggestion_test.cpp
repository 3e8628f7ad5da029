#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/suggestion.hpp>

namespace {

constexpr std::string_view keys[] = {"id",           "start",       "args",          "restart", "shutdown", "type",
                                     "significant",  "max_seconds", "strategy",      "name",    "children", "count",
                                     "max_restarts", "permanent",   "auto_shutdown", "stack"};

std::string meant(std::string_view word) {
  return std::string(coppice::closest(word, keys).value_or("-"));
}

}  // namespace

TEST_SUITE("suggestion") {
  TEST_CASE("a misspelt word is found among the known ones") {
    CHECK(meant("restrat") == "restart");
    CHECK(meant("restar") == "restart");
    CHECK(meant("restartt") == "restart");
    CHECK(meant("shutdwon") == "shutdown");
    CHECK(meant("childern") == "children");
    CHECK(meant("max_restart") == "max_restarts");
    CHECK(meant("max-seconds") == "max_seconds");
    CHECK(meant("startegy") == "strategy");
    CHECK(meant("nmae") == "name");
    CHECK(meant("ID") == "id");
    CHECK(meant("maxSeconds") == "max_seconds");
  }

  TEST_CASE("a word that is like none is met with silence") {
    CHECK(meant("colour") == "-");
    CHECK(meant("x") == "-");
    CHECK(meant("") == "-");
    CHECK(meant("xy") == "-");
    CHECK(meant("intensity") == "-");
    CHECK_FALSE(coppice::closest("restart", {}).has_value());
  }

  TEST_CASE("a known word is not suggested for itself, nor for a neighbour that is known too") {
    CHECK(meant("restart") == "-");
    CHECK(meant("start") == "-");
  }

  TEST_CASE("the beginning of one word finds it, the beginning of two does not") {
    CHECK(meant("perm") == "permanent");
    CHECK(meant("signif") == "significant");
    CHECK(meant("max_") == "-");
  }

  TEST_CASE("the nearest of several is taken, and the first of equally near ones") {
    std::vector<std::string_view> const known = {"carts", "cart", "card"};
    CHECK(coppice::closest("cartz", known) == "carts");
    CHECK(coppice::closest("carx", known) == "cart");
  }

  TEST_CASE("a word of a million letters is dismissed") {
    CHECK(meant(std::string(1'000'000, 'a')) == "-");
  }
}
