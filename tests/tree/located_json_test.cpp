#include <doctest/doctest.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>

TEST_SUITE("located JSON") {
  TEST_CASE("a message describes each kind of value in a few words") {
    coppice::fault_list faults{"f"};
    auto const value = coppice::read_json("[null, true, -1, 7, 5.50, \"a\\\"b\\n\", [1], {}]", "something", faults);
    REQUIRE(value.has_value());
    auto const& list = *value->if_array();
    CHECK(list[0].described() == "null");
    CHECK(list[1].described() == "true");
    CHECK(list[2].described() == "-1");
    CHECK(list[3].described() == "7");
    CHECK(list[4].described() == "5.50");
    CHECK(list[5].described() == "the string \"a\\\"b\\n\"");
    CHECK(list[6].described() == "an array");
    CHECK(list[7].described() == "an object");
  }

  TEST_CASE("only an object has members") {
    coppice::fault_list faults{"f"};
    auto const value = coppice::read_json("[{\"a\": 1}]", "something", faults);
    REQUIRE(value.has_value());
    CHECK(value->find("a") == nullptr);
    CHECK(value->if_array()->front().find("a") != nullptr);
    CHECK(value->if_array()->front().find("b") == nullptr);
  }
}
