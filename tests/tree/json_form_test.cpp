#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/json_form.hpp>

namespace {

using nlohmann::json;
using kind = coppice::value_reader::kind;

struct add {
  double value;
};

}  // namespace

TEST_SUITE("json_form") {
  TEST_CASE("nested arrays and objects are built as they are told") {
    coppice::json_value_writer writer;
    writer.begin_object();
    writer.key("a");
    writer.begin_array();
    writer.integer(-1);
    writer.begin_object();
    writer.key("b");
    writer.null();
    writer.key("c");
    writer.boolean(true);
    writer.end_object();
    writer.begin_array();
    writer.end_array();
    writer.unsigned_integer(std::numeric_limits<std::uint64_t>::max());
    writer.end_array();
    writer.key("d");
    writer.number(2.5);
    writer.key("e");
    writer.opaque("shop::session");
    writer.end_object();
    CHECK(writer.take().dump() ==
          R"({"a":[-1,{"b":null,"c":true},[],18446744073709551615],"d":2.5,"e":"shop::session"})");
    CHECK(writer.take() == json(nullptr));
  }

  TEST_CASE("whatever bytes are in a string, the answer can be printed") {
    coppice::json_value_writer writer;
    writer.begin_object();
    writer.key("\xff");
    writer.string("a\xc3\xa4\x80z\xe2\x82");
    writer.end_object();
    CHECK(writer.take().dump() == "{\"\xEF\xBF\xBD\":\"a\xc3\xa4\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"}");
  }

  TEST_CASE("a reader knows what is at each place") {
    json const value = json::parse(R"([null, true, 1, -1, 2.5, "s", [1], {"k": 2}])");
    coppice::json_value_reader reader(value);
    kind const expected[] = {kind::null,   kind::boolean, kind::integer, kind::integer,
                             kind::number, kind::string,  kind::array,   kind::object};
    REQUIRE(reader.size() == std::size(expected));
    for (std::size_t i = 0; i < reader.size(); ++i) CHECK(reader.element(i).what() == expected[i]);
    CHECK(reader.element(1).as_boolean());
    CHECK(reader.element(2).as_number() == 1);
    CHECK(reader.element(5).as_string() == "s");
    CHECK(reader.element(5).size() == 0);
    CHECK(reader.element(7).keys() == std::vector<std::string_view>{"k"});
    CHECK(reader.element(7).find("k") != nullptr);
    CHECK(reader.element(7).find("l") == nullptr);
    CHECK(reader.find("k") == nullptr);
  }

  TEST_CASE("integers are told only where they fit") {
    json const value = json::parse("[-1, 18446744073709551615]");
    coppice::json_value_reader reader(value);
    std::int64_t number = 7;
    std::uint64_t natural = 7;
    CHECK_FALSE(reader.element(0).as_unsigned_integer(natural));
    CHECK_FALSE(reader.element(1).as_integer(number));
    CHECK(number == 7);
    CHECK(natural == 7);
    CHECK(reader.element(0).as_integer(number));
    CHECK(reader.element(1).as_unsigned_integer(natural));
    CHECK(number == -1);
    CHECK(natural == std::numeric_limits<std::uint64_t>::max());
  }

  TEST_CASE("a fault has the JSON pointer of its place in the whole file") {
    json const value = json::parse(R"({"a/b": [0, {"c~d": 1}]})");
    coppice::json_value_reader reader(value, "/children/0/args");
    reader.fault("here");
    coppice::value_reader& list = *reader.find("a/b");
    list.element(1).find("c~d")->fault("deep");
    list.fault("above");
    CHECK(reader.faults() == std::vector<coppice::json_fault>{{"/children/0/args", "here"},
                                                              {"/children/0/args/a~1b/1/c~0d", "deep"},
                                                              {"/children/0/args/a~1b", "above"}});
  }

  TEST_CASE("a message stands under its short name") {
    add const message{20};
    CHECK(coppice::message_to_json(coppice::message_form_of<add>(), &message).dump() == R"({"add":20.0})");
    CHECK(coppice::value_to_json(coppice::message_form_of<add>(), &message).dump() == "20.0");
  }
}
