#include <string>

#include <doctest/doctest.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/identifier.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/reason_text.hpp>
#include <coppice/tree/text_place.hpp>

using namespace coppice;
using namespace coppice::detail;

TEST_SUITE("text in messages") {
  TEST_CASE("quoted text stays on one line and is cut") {
    CHECK(in_quotes("5s") == "\"5s\"");
    CHECK(in_quotes("a\"b\\c\nd\te\x1b") == "\"a\\\"b\\\\c\\nd\\te\\u001b\"");
    CHECK(in_quotes("\xc3\xb6\xc3\xb6\xc3\xb6", 2) == "\"\xc3\xb6\xc3\xb6...\"");
    CHECK(in_quotes("ab", 2) == "\"ab\"");
    CHECK(in_quotes("\xff") == "\"\\xFF\"");
  }

  TEST_CASE("printable text has nothing that a terminal would obey") {
    CHECK(printable("a\x07\x7f\xc2\x9b\xc3\xb6") == "a\\u0007\\u007f\\u009b\xc3\xb6");
  }

  TEST_CASE("thousands are grouped") {
    CHECK(grouped(0) == "0");
    CHECK(grouped(999) == "999");
    CHECK(grouped(1000) == "1,000");
    CHECK(grouped(18446744073709551615ULL) == "18,446,744,073,709,551,615");
  }

  TEST_CASE("UTF-8 is what RFC 3629 says") {
    CHECK(utf8_length("a") == 1);
    CHECK(utf8_length("\xc3\xb6") == 2);
    CHECK(utf8_length("\xe2\x82\xac") == 3);
    CHECK(utf8_length("\xf4\x8f\xbf\xbf") == 4);
    for (char const* text : {"", "\x80", "\xc0\xaf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                             "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
      CHECK(utf8_length(text) == 0);
    }
  }

  TEST_CASE("a JSON pointer escapes what it must") {
    CHECK(pointer_to("", std::size_t{0}) == "/0");
    CHECK(pointer_to("/children", std::size_t{12}) == "/children/12");
    CHECK(pointer_to("/args", "a/b~c") == "/args/a~1b~0c");
    CHECK(pointer_name("") == "the root");
  }

  TEST_CASE("a place is line and column from 1") {
    CHECK(to_string(place_of("abc", 0)) == "1:1");
    CHECK(to_string(place_of("a\nb", 2)) == "2:1");
    CHECK(to_string(place_of("\xc3\xb6x", 2)) == "1:2");
    CHECK(to_string(place_of("ab", 99)) == "1:3");
  }

  TEST_CASE("an index of places finds them in any order, as if it had counted from the beginning") {
    std::string text;
    for (int line = 0; line < 300; ++line)
      text += std::string(static_cast<std::size_t>(line % 90), 'x') + "\xe2\x82\xac\n";
    place_index const places{text};
    for (std::size_t offset = text.size() + 2; offset-- > 0;) {
      CAPTURE(offset);
      CHECK(to_string(places.of(offset)) == to_string(place_of(text, offset)));
    }
    CHECK(to_string(place_index{""}.of(0)) == "1:1");
  }

  TEST_CASE("an excerpt cuts a long line around the place") {
    std::string const line = std::string(100, 'a') + 'X' + std::string(100, 'b');
    std::string const shown = excerpt(line, 100);
    std::size_t const second = shown.find('\n');
    CHECK(shown.substr(0, second) == "  ..." + std::string(60, 'a') + 'X' + std::string(39, 'b') + "...");
    CHECK(shown[shown.size() - 1] == '^');
    CHECK(shown.size() - second - 2 == shown.find('X'));
  }

  TEST_CASE("a fault is one line of file, place and message") {
    CHECK(to_string(fault{"t.json", "/id", "wrong.", 0}) == "t.json:/id: wrong.");
    CHECK(to_string(fault{"t.json", "", "wrong.", 0}) == "t.json: wrong.");
  }

  TEST_CASE("faults are shown in the order of the file") {
    fault_list faults{"f"};
    faults.add("/b", 20, "second.");
    faults.add("/a", 10, "first.");
    faults.add("/c", 20, "third.");
    faults.sort_by_offset();
    CHECK(faults.text() == "f:/a: first.\nf:/b: second.\nf:/c: third.\n");
    CHECK(faults.text(2) == "f:/a: first.\nf:/b: second.\nf: and 1 more fault.\n");
    CHECK(faults.text(0) == "f: and 3 more faults.\n");
  }
}

TEST_SUITE("ids, paths and reasons") {
  TEST_CASE("an identifier is a lower-case letter, then lower-case letters, digits and underscores") {
    for (char const* good : {"a", "root", "calc_2", "z9_"}) CHECK(is_identifier(good));
    for (char const* bad : {"", "A", "_a", "1a", "a-1", "a b", "\xc3\xb6"}) CHECK_FALSE(is_identifier(bad));
    CHECK(is_identifier(std::string(255, 'a')));
    CHECK_FALSE(is_identifier(std::string(256, 'a')));
  }

  TEST_CASE("a path may name a replica") {
    for (char const* good : {"a", "calc-1", "calc-10000000"}) CHECK(is_path_element(good));
    for (char const* bad : {"", "calc-", "calc-0", "calc-01", "-1", "calc-1-2", "calc-x", "calc-123456789"}) {
      CHECK_FALSE(is_path_element(bad));
    }
  }

  TEST_CASE("the nearest identifier is what was meant") {
    CHECK(nearest_identifier("Web Shop") == "web_shop");
    CHECK(nearest_identifier("calc-1") == "calc_1");
    CHECK_FALSE(nearest_identifier("1st").has_value());
    CHECK_FALSE(nearest_identifier("gr\xc3\xb6\xc3\x9f"
                                   "e")
                    .has_value());
  }

  TEST_CASE("a reason is an atom or a tuple of reasons without blanks") {
    for (char const* good :
         {"boom", "kill", "{shutdown,x}", "{shutdown,{failed_to_start_child,a,boom}}", "{a}", "42", "Timeout"}) {
      CAPTURE(good);
      CHECK(is_reason(good));
    }
    for (char const* bad :
         {"", "{}", "{a,}", "{,a}", "{a", "a}", "a,b", "{a}b", "a b", "{shutdown, x}", "'x'", "\"x\"", "\n"}) {
      CAPTURE(bad);
      CHECK_FALSE(is_reason(bad));
    }
    CHECK_FALSE(is_reason(std::string(100'000, '{')));
  }
}
