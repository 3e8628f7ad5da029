#include <limits>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>

namespace {

using namespace coppice;

// The value without its places, or the faults.
std::string read(std::string_view text) {
  fault_list faults{"f"};
  auto const value = read_json(text, "something", faults);
  if (!faults.empty()) return faults.text();
  return to_json(*value).dump();
}

std::string first_line(std::string const& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_SUITE("JSON reader") {
  TEST_CASE("it reads what nlohmann's parser reads") {
    for (std::string_view const text :
         {"null", "true", "-5", "0", "18446744073709551615", "-9223372036854775808", "1.5", "1e3", "-0", "\"\"",
          "\"a\\u00e9\\n\"", "[]", "{}", "[1,[2,{\"a\":[]}],\"x\"]", " { \"b\" : 1 , \"a\" : { } } ", "\"\\\\\"",
          "[\"a,b\",\"c:]\",\"\\\"\"]"}) {
      CAPTURE(text);
      CHECK(read(text) == nlohmann::json::parse(text).dump());
    }
  }

  TEST_CASE("every value and key remembers where it begins") {
    std::string_view const text = "{ \"a\" : [10, \"x\\\"\", {\"b\":null}] }";
    fault_list faults{"f"};
    auto const value = read_json(text, "something", faults);
    REQUIRE(value.has_value());
    CHECK(value->offset == 0);
    auto const& list = *value->find("a")->if_array();
    CHECK(value->if_object()->front().offset == text.find("\"a\""));
    CHECK(list[0].offset == text.find("10"));
    CHECK(list[1].offset == text.find("\"x"));
    CHECK(list[2].offset == text.find("{\"b"));
    CHECK(list[2].find("b")->offset == text.find("null"));
  }

  TEST_CASE("keys stay in the order of the text") {
    fault_list faults{"f"};
    auto const value = read_json("{\"z\": 1, \"a\": 2, \"m\": 3}", "something", faults);
    REQUIRE(value.has_value());
    CHECK(value->if_object()->at(0).key == "z");
    CHECK(value->if_object()->at(1).key == "a");
    CHECK(value->if_object()->at(2).key == "m");
  }

  TEST_CASE("a key that stands twice is a fault, and the first one counts") {
    fault_list faults{"f"};
    auto const value = read_json("{\"a\": 1,\n \"b\": {\"a\": [2]},\n \"a\": {\"x\": 1}}", "something", faults);
    REQUIRE(value.has_value());
    CHECK(to_json(*value).dump() == "{\"a\":1,\"b\":{\"a\":[2]}}");
    CHECK(faults.text() == "f: the key \"a\" stands twice, in lines 1 and 3. Keep one of them.\n");
  }

  TEST_CASE("a key that stands twice is found among very many") {
    std::string text = "{";
    for (int i = 0; i < 1000; ++i) text += "\"k" + std::to_string(i) + "\": 0,\n";
    CHECK(read(text + "\"k999\": 1}") ==
          "f: the key \"k999\" stands twice, in lines 1000 and 1001. Keep one of them.\n");
    CHECK(read(text + "\"k0\": 1}") == "f: the key \"k0\" stands twice, in lines 1 and 1001. Keep one of them.\n");
  }

  TEST_CASE("256 levels are read, one more is a fault, a million overflow nothing") {
    auto const nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(read(nested(256)) == nested(256));
    CHECK(first_line(read(nested(257))) ==
          "f:1:257: nested more than 256 deep. Flatten it: a supervisor takes any number of children.");
    CHECK(read(nested(1'000'000)).starts_with("f:1:257: nested more than 256 deep."));
  }

  TEST_CASE("a whole number beyond 64 bits is kept as it was written") {
    fault_list faults{"f"};
    auto const value = read_json("[18446744073709551616, -9223372036854775809, 1.0]", "something", faults);
    REQUIRE(value.has_value());
    auto const& list = *value->if_array();
    CHECK(list[0].described() == "18446744073709551616");
    CHECK(std::get<std::unique_ptr<located_json::other_number>>(list[0].value)->too_many_digits);
    CHECK(std::get<std::unique_ptr<located_json::other_number>>(list[1].value)->too_many_digits);
    CHECK_FALSE(std::get<std::unique_ptr<located_json::other_number>>(list[2].value)->too_many_digits);
    CHECK(list[2].described() == "1.0");
  }

  TEST_CASE("a number beyond double is a fault") {
    CHECK(read("[1, -1e999]") ==
          "f:1:5: the number -1e999 is too large; numbers end at about 1.8e308. Write a smaller one.\n  [1, -1e999]\n  "
          "    ^\n");
  }

  TEST_CASE("a byte order mark is skipped and counts for no column") {
    CHECK(read("\xEF\xBB\xBF[1]") == "[1]");
    CHECK(read("\xEF\xBB\xBF[1,]").starts_with("f:1:4: "));
    CHECK(read("\xEF\xBB\xBF") == "f: the file is empty; expected something.\n");
  }

  TEST_CASE("a file that does not begin or go on in UTF-8 is a fault") {
    CHECK(read(std::string_view{"[\0", 2}).starts_with("f: expected UTF-8; the file looks like UTF-16."));
    CHECK(read("[\"\xff\"]").starts_with("f:1:3: expected UTF-8; the byte 0xFF at offset 2"));
    CHECK(read("[\"\xed\xa0\x80\"]").starts_with("f:1:3: expected UTF-8; the byte 0xED"));
    CHECK(read("[\"\xf0\x9f\x8c\"]").starts_with("f:1:3: expected UTF-8; the byte 0xF0"));
  }

  // Each text is wrong at one place; the parser's own words differ between versions, ours do not.
  TEST_CASE("a syntax error says what was expected, what was found, and what to write") {
    struct sample {
      std::string_view text;
      std::string_view message;
    };
    for (auto const& [text, message] : {
             sample{
                 "[1 2]",
                 "f:1:4: syntax error: expected \",\" or \"]\" after the value; got 2. Is a comma missing before it?"},
             sample{"[,1]", "f:1:2: syntax error: expected a value or \"]\"; got \",\"."},
             sample{"[1,,2]", "f:1:4: syntax error: expected a value; got \",\"."},
             sample{"[1",
                    "f:1:3: syntax error: expected \",\" or \"]\" after the value; got the end of the file. The array "
                    "that begins "
                    "at 1:1 is not closed."},
             sample{"{",
                    "f:1:2: syntax error: expected a key in double quotes or \"}\"; got the end of the file. The "
                    "object that begins at "
                    "1:1 is not closed."},
             sample{"{\"a\"",
                    "f:1:5: syntax error: expected \":\" after the key; got the end of the file. The object that "
                    "begins at 1:1 is "
                    "not closed."},
             sample{"{\"a\" = 1}", "f:1:6: syntax error: expected \":\" after the key; got =."},
             sample{"{\"a\":}", "f:1:6: syntax error: expected a value; got \"}\"."},
             sample{"{1: 2}", "f:1:2: syntax error: expected a key in double quotes or \"}\"; got 1. Write \"1\"."},
             sample{"{\"a\": 1 \"b\": 2}",
                    "f:1:9: syntax error: expected \",\" or \"}\" after the value; got the string \"b\". Is a comma "
                    "missing "
                    "before it?"},
             sample{"[1] # end",
                    "f:1:5: syntax error: expected the end of the file after the value; got #. JSON has no comments; "
                    "remove it."},
             sample{"]", "f:1:1: syntax error: expected a value; got \"]\"."},
             sample{
                 "[+1]",
                 "f:1:2: syntax error: expected a value or \"]\"; got +1. Numbers are written like 5, -5, 0.5 or 5e3, "
                 "without a unit."},
             sample{
                 "[.5]",
                 "f:1:2: syntax error: expected a value or \"]\"; got .5. Numbers are written like 5, -5, 0.5 or 5e3, "
                 "without a unit."},
             sample{"[-]",
                    "f:1:2: syntax error: expected a value or \"]\"; got -. Numbers are written like 5, -5, 0.5 or "
                    "5e3, without "
                    "a unit."},
             sample{"[-Infinity]",
                    "f:1:2: syntax error: expected a value or \"]\"; got -Infinity. JSON has no such number."},
             sample{"[None]", "f:1:2: syntax error: expected a value or \"]\"; got None. Leave the key out."},
             sample{"[nul]",
                    "f:1:2: syntax error: expected a value or \"]\"; got nul. Strings stand in double quotes."},
             sample{"[\"a]",
                    "f:1:2: syntax error: the string that begins here is not closed on its line. End it with a double "
                    "quote; a "
                    "line break inside is written \\n."},
             sample{"[\"\\u12\"]", "f:1:7: syntax error: expected four hexadecimal digits after \\u, such as \\u00e9."},
             sample{"[\"\x01\"]", "f:1:3: syntax error: a control character inside a string is written \\u0001."},
             sample{"[1}", "f:1:3: syntax error: expected \",\" or \"]\" after the value; got \"}\"."},
         }) {
      CAPTURE(text);
      CHECK(first_line(read(text)) == message);
    }
  }

  TEST_CASE("line and column count characters, and the caret stands under the place") {
    CHECK(read("[\r\n\t\"\xc3\xb6\xf0\x9f\x8c\xb2\", x]") ==
          "f:2:8: syntax error: expected a value; got x. Strings stand in double quotes.\n"
          "   \"\xc3\xb6\xf0\x9f\x8c\xb2\", x]\n"
          "         ^\n");
  }

  TEST_CASE("no text of four bytes out of JSON's own makes the reader fail in an unforeseen way") {
    std::string_view const alphabet = "{}[],:\"\\1e-. nu\n\x80\x01";
    for (char const a : alphabet) {
      for (char const b : alphabet) {
        for (char const c : alphabet) {
          for (char const d : alphabet) {
            std::string const text{a, b, c, d};
            fault_list faults{"f"};
            auto const value = read_json(text, "something", faults);
            CHECK(value.has_value() == nlohmann::json::accept(text));
            CHECK((value.has_value() || !faults.empty()));
          }
        }
      }
    }
  }
}
