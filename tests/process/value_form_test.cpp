#include <any>
#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/process/value_form.hpp>
#include <coppice/tree/json_form.hpp>

namespace {

using coppice::has_form;
using nlohmann::json;

struct view {};
struct add {
  double value;
};
struct move_to {
  int x;
  int y;
};
struct line {
  move_to from;
  move_to to;
};
struct word {
  std::string text;
};
struct tree {
  int value = 0;
  std::vector<tree> children;
};

enum class plain_colour : std::uint8_t { red, green };
enum class colour { red, green = 5 };
BOOST_DESCRIBE_ENUM(colour, red, green)

struct transfer {
  int amount = 7;
  std::string to = "nobody";
  std::optional<colour> mark;
};
BOOST_DESCRIBE_STRUCT(transfer, (), (amount, to, mark))

struct dated_transfer : transfer {
  int day = 1;
};
BOOST_DESCRIBE_STRUCT(dated_transfer, (transfer), (day))

class account {
 public:
  account() = default;
  explicit account(int balance) : balance_(balance) {}
  int balance() const { return balance_; }

 private:
  int balance_ = 0;
  BOOST_DESCRIBE_CLASS(account, (), (), (), (balance_))
};

struct described_nothing {};
BOOST_DESCRIBE_STRUCT(described_nothing, (), ())

struct money {
  explicit money(int cents) : cents(cents) {}
  int cents;
};

struct purse {
  std::vector<int> coins;
  std::map<std::string, add> named;
};

template <class T>
json written(T const& value) {
  coppice::json_value_writer writer;
  coppice::write_value(writer, value);
  return writer.take();
}

/// What a text is read as: the value written again, or the faults, one a line.
template <class T>
std::string read_as(std::string const& text) {
  json const parsed = json::parse(text);
  coppice::json_value_reader reader(parsed);
  T value{};
  bool const good = coppice::read_value(reader, value);
  CHECK(good == reader.faults().empty());
  if (good) return written(value).dump();
  std::string all;
  for (coppice::json_fault const& fault : reader.faults()) {
    all += (all.empty() ? "" : "\n") + fault.pointer + ": " + fault.text;
  }
  return all;
}

// Types that must not have a form, and must not stop the build either.
namespace formless {

struct pointer {
  int* value;
};
struct text_pointer {
  char const* value;
};
struct function {
  void (*value)(int);
};
struct reference {
  int& value;
};
struct standard_function {
  std::function<void()> value;
  int other;
};
struct base {
  int value;
};
struct derived : base {
  int other;
};
struct empty_base {};
struct derived_from_empty : empty_base {
  int value;
};
struct derived_without_fields : base {};
struct mixin {
 protected:
  ~mixin() = default;
};
struct derived_from_mixin : mixin {
  int value;
};
struct array {
  int value[3];
  int other;
};
struct array_of_one {
  int value[1];
};
struct bits {
  int value : 3;
  int other : 5;
};
struct one_bit {
  unsigned value : 1;
};
union either {
  int value;
  float other;
};
struct with_either {
  either value;
  int other;
};
struct with_unnamed_union {
  int first;
  union {
    int value;
    float other;
  };
  int last;
};
struct with_constructor {
  with_constructor() {}
  int value = 0;
};
struct without_default {
  explicit without_default(int v) : value(v) {}
  int value;
};
struct with_field_without_default {
  int first = 0;
  without_default value = without_default(3);
  int last = 0;
};
struct with_variant_without_default {
  int first = 0;
  std::variant<without_default, int> value = without_default(3);
  int last = 0;
};
struct with_virtual {
  virtual ~with_virtual() = default;
  int value = 0;
};
class with_private {
 public:
  int first = 0;
  int get() const { return value; }

 private:
  int value = 0;
};
struct move_only {
  std::unique_ptr<int> value;
};
struct immovable {
  std::mutex value;
};
struct with_atomic {
  std::atomic<int> value;
};
struct with_any {
  std::any value;
  int other;
};
struct constant {
  int const value;
};
struct deep {
  std::vector<std::map<std::string, std::optional<std::pair<int, int*>>>> value;
};
struct many_fields {
  int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y;
};
struct described_pointer {
  int* value;
};
BOOST_DESCRIBE_STRUCT(described_pointer, (), (value))
struct recursive {
  int* value;
  std::vector<recursive> children;
};

}  // namespace formless

}  // namespace

template <>
struct coppice::value_form<money> {
  static void write(value_writer& to, money const& value) { to.string(std::to_string(value.cents) + "c"); }
  static bool read(value_reader& from, money& value) {
    std::string text;
    if (!detail::read_string(from, text)) return false;
    value.cents = std::stoi(text);
    return true;
  }
};

TEST_SUITE("value_form") {
  TEST_CASE("simple values are written as what they are") {
    CHECK(written(true) == json(true));
    CHECK(written(-3) == json(-3));
    CHECK(written(std::numeric_limits<std::uint64_t>::max()).dump() == "18446744073709551615");
    CHECK(written(2.5) == json(2.5));
    CHECK(written(std::string("hello")) == json("hello"));
    CHECK(written(std::optional<int>()) == json(nullptr));
    CHECK(written(std::optional<int>(3)) == json(3));
  }

  TEST_CASE("containers are arrays, and objects where their keys are strings") {
    CHECK(written(std::vector<int>{1, 2}).dump() == "[1,2]");
    CHECK(written(std::vector<bool>{true, false}).dump() == "[true,false]");
    CHECK(written(std::deque<int>{1}).dump() == "[1]");
    CHECK(written(std::array<int, 2>{1, 2}).dump() == "[1,2]");
    CHECK(written(std::pair(1, std::string("a"))).dump() == R"([1,"a"])");
    CHECK(written(std::tuple(1, 2.5, true)).dump() == "[1,2.5,true]");
    CHECK(written(std::tuple<>()).dump() == "[]");
    CHECK(written(std::map<std::string, int>{{"a", 1}}).dump() == R"({"a":1})");
    CHECK(written(std::unordered_map<std::string, int>{{"a", 1}}).dump() == R"({"a":1})");
    CHECK_FALSE(has_form<std::map<int, int>>);
  }

  TEST_CASE("a plain struct is null, its one field, or an array of its fields") {
    CHECK(written(view{}).dump() == "null");
    CHECK(written(add{20}).dump() == "20.0");
    CHECK(written(word{"hi"}).dump() == R"("hi")");
    CHECK(written(move_to{3, 4}).dump() == "[3,4]");
    CHECK(written(line{{0, 0}, {3, 4}}).dump() == "[[0,0],[3,4]]");
    CHECK(written(purse{{1, 2}, {{"a", {2}}}}).dump() == R"([[1,2],{"a":2.0}])");
  }

  TEST_CASE("a described struct is an object, with the fields of its bases and its private ones") {
    CHECK(written(transfer{20, "bob", colour::green}).dump() == R"({"amount":20,"mark":"green","to":"bob"})");
    CHECK(written(dated_transfer()).dump() == R"({"amount":7,"day":1,"mark":null,"to":"nobody"})");
    CHECK(written(account(5)).dump() == R"({"balance_":5})");
    CHECK(written(described_nothing()).dump() == "null");
  }

  TEST_CASE("an enum is the name of its value if it is described, and its number if not") {
    CHECK(written(colour::green) == json("green"));
    CHECK(written(static_cast<colour>(77)) == json(77));
    CHECK(written(plain_colour::green) == json(1));
  }

  TEST_CASE("a type can bring a form of its own") {
    CHECK(has_form<money>);
    CHECK(has_form<std::vector<std::pair<money, int>>> == false);  // A vector must be able to make one.
    CHECK(written(std::pair(money(150), 1)).dump() == R"(["150c",1])");
    json const text = "99c";
    coppice::json_value_reader reader(text);
    money value(0);
    CHECK(coppice::read_value(reader, value));
    CHECK(value.cents == 99);
  }

  TEST_CASE("every value is read as it was written") {
    CHECK(read_as<bool>("true") == "true");
    CHECK(read_as<int>("-3") == "-3");
    CHECK(read_as<std::uint64_t>("18446744073709551615") == "18446744073709551615");
    CHECK(read_as<std::int64_t>("-9223372036854775808") == "-9223372036854775808");
    CHECK(read_as<double>("20") == "20.0");
    CHECK(read_as<float>("2.5") == "2.5");
    CHECK(read_as<std::string>(R"("a")") == R"("a")");
    CHECK(read_as<std::optional<int>>("null") == "null");
    CHECK(read_as<std::optional<int>>("3") == "3");
    CHECK(read_as<std::vector<bool>>("[true,false]") == "[true,false]");
    CHECK(read_as<std::array<std::string, 2>>(R"(["a","b"])") == R"(["a","b"])");
    CHECK(read_as<std::tuple<int, std::string>>(R"([1,"b"])") == R"([1,"b"])");
    CHECK(read_as<std::tuple<>>("[]") == "[]");
    CHECK(read_as<std::map<std::string, move_to>>(R"({"a":[1,2]})") == R"({"a":[1,2]})");
    CHECK(read_as<add>("20") == "20.0");
    CHECK(read_as<line>("[[0,0],[3,4]]") == "[[0,0],[3,4]]");
    CHECK(read_as<colour>(R"("green")") == R"("green")");
    CHECK(read_as<plain_colour>("1") == "1");
    CHECK(read_as<account>(R"({"balance_":5})") == R"({"balance_":5})");
    CHECK(read_as<tree>("[1,[[2,[]],[3,[]]]]") == "[1,[[2,[]],[3,[]]]]");
    CHECK(read_as<dated_transfer>(R"({"amount":1,"day":3})") == R"({"amount":1,"day":3,"mark":null,"to":"nobody"})");
  }

  TEST_CASE("numbers that JSON lacks are read as they were written") {
    double const infinity = std::numeric_limits<double>::infinity();
    CHECK(written(infinity) == json("inf"));
    CHECK(read_as<double>(R"("inf")") == R"("inf")");
    CHECK(read_as<double>(R"("-inf")") == R"("-inf")");
    CHECK(read_as<add>(R"("nan")") == R"("nan")");
    CHECK(read_as<float>(R"("inf")") == R"("inf")");
    CHECK(read_as<double>(R"("Inf")") == R"(: expected a number; got the string "Inf")");
  }

  TEST_CASE("a struct without fields is read from null and from what is empty") {
    CHECK(read_as<view>("null") == "null");
    CHECK(read_as<view>("[]") == "null");
    CHECK(read_as<view>("{}") == "null");
    CHECK(read_as<described_nothing>("{}") == "null");
    CHECK(read_as<view>("[1]") == ": expected null (view has no fields); got an array of 1 element");
    CHECK(read_as<view>("false") == ": expected null (view has no fields); got false");
  }

  TEST_CASE("a field that is missing keeps what the value had") {
    CHECK(read_as<transfer>("{}") == R"({"amount":7,"mark":null,"to":"nobody"})");
    json const found = json::parse(R"({"to":"bob"})");
    coppice::json_value_reader reader(found);
    transfer value{1, "eve", colour::red};
    CHECK(coppice::read_value(reader, value));
    CHECK(value.amount == 1);
    CHECK(value.to == "bob");
    CHECK(value.mark == colour::red);
  }

  TEST_CASE("a wrong type is answered with what was expected and what was found") {
    CHECK(read_as<int>(R"("5s")") ==
          R"(: expected a whole number from -2147483648 to 2147483647; got the string "5s")");
    CHECK(read_as<bool>("1") == ": expected true or false; got the number 1");
    CHECK(read_as<double>("null") == ": expected a number; got null");
    CHECK(read_as<std::string>("[1,2]") == ": expected a string; got an array of 2 elements");
    CHECK(read_as<std::vector<int>>("{}") == ": expected an array; got an empty object");
    CHECK(read_as<std::map<std::string, int>>("[]") == ": expected an object; got an empty array");
    CHECK(read_as<transfer>("3") ==
          R"(: expected an object with the keys "amount", "to" and "mark" (transfer); got the number 3)");
    CHECK(read_as<account>(R"("x")") ==
          R"(: expected an object with the key "balance_" (account); got the string "x")");
    CHECK(read_as<move_to>(R"({"x":1})") ==
          R"(: expected an array of 2 elements (move_to); got an object with the key "x")");
    CHECK(read_as<std::pair<int, int>>(R"({"x":1,"y":2})") ==
          ": expected an array of 2 elements; got an object of 2 keys");
    CHECK(read_as<std::optional<bool>>("0") == ": expected true or false; got the number 0");
  }

  TEST_CASE("an integer out of range is answered with the range, and is never rounded") {
    CHECK(read_as<std::uint8_t>("256") == ": expected a whole number from 0 to 255; got the number 256");
    CHECK(read_as<unsigned>("-1") == ": expected a whole number from 0 to 4294967295; got the number -1");
    CHECK(read_as<std::int8_t>("-129") == ": expected a whole number from -128 to 127; got the number -129");
    CHECK(read_as<std::int64_t>("9223372036854775808") ==
          ": expected a whole number from -9223372036854775808 to 9223372036854775807; got the number "
          "9223372036854775808");
    CHECK(read_as<std::uint8_t>("2.5") == ": expected a whole number from 0 to 255; got the number 2.5");
    CHECK(read_as<std::uint8_t>("5.0") == ": expected a whole number from 0 to 255; got the number 5.0");
    CHECK(read_as<std::uint8_t>("1e30") == ": expected a whole number from 0 to 255; got the number 1e+30");
    CHECK(read_as<plain_colour>("300") == ": expected a whole number from 0 to 255; got the number 300");
    CHECK(read_as<float>("1e39") ==
          ": expected a number from -3.4028234663852886e+38 to 3.4028234663852886e+38; got the number 1e+39");
  }

  TEST_CASE("a wrong number of elements is a fault") {
    CHECK(read_as<move_to>("[1]") == ": expected an array of 2 elements (move_to); got an array of 1 element");
    CHECK(read_as<move_to>("[1,2,3]") == ": expected an array of 2 elements (move_to); got an array of 3 elements");
    CHECK(read_as<std::array<int, 1>>("[]") == ": expected an array of 1 element; got an empty array");
    CHECK(read_as<std::tuple<>>("[1]") == ": expected an empty array; got an array of 1 element");
  }

  TEST_CASE("an unknown key or name is a fault that says what was probably meant") {
    CHECK(read_as<transfer>(R"({"amuont":3})") == R"(: unknown key "amuont"; did you mean "amount"?)");
    CHECK(read_as<transfer>(R"({"colour":3})") == R"(: unknown key "colour"; known here: "amount", "to" and "mark")");
    CHECK(read_as<colour>(R"("gren")") ==
          R"(: expected "red" or "green"; got the string "gren"; did you mean "green"?)");
    CHECK(read_as<colour>("5") == R"(: expected "red" or "green"; got the number 5)");
  }

  TEST_CASE("all faults are found in one reading, each with its place") {
    CHECK(read_as<std::vector<transfer>>(R"([{"amount":"1","too":2}, 3, {"to":null,"mark":"blue"}])") ==
          "/0/amount: expected a whole number from -2147483648 to 2147483647; got the string \"1\"\n"
          "/0: unknown key \"too\"; did you mean \"to\"?\n"
          "/1: expected an object with the keys \"amount\", \"to\" and \"mark\" (transfer); got the number 3\n"
          "/2/mark: expected \"red\" or \"green\"; got the string \"blue\"\n"
          "/2/to: expected a string; got null");
    CHECK(read_as<line>(R"([["a",2],[3]])") ==
          "/0/0: expected a whole number from -2147483648 to 2147483647; got the string \"a\"\n"
          "/1: expected an array of 2 elements (move_to); got an array of 1 element");
  }

  TEST_CASE("what a message quotes is short and stays on its line") {
    CHECK(read_as<bool>(R"("a\nb\u001b\"")") == R"(: expected true or false; got the string "a\nb\u001b\"")");
    std::string const found = read_as<bool>('"' + std::string(1000, 'x') + '"');
    CHECK(found == ": expected true or false; got the string \"" + std::string(40, 'x') + "...\"");
    std::string const umlauts = read_as<bool>("\"x" + [] {
      std::string all;
      for (int i = 0; i < 100; ++i) all += "\u00e4";
      return all;
    }() + "\"");
    CHECK_NOTHROW((void)json(umlauts).dump());
  }

  TEST_CASE("a type that holds itself is not read to any depth") {
    std::string const deep = [] {
      std::string text;
      for (int i = 0; i < 1000; ++i) text += "[0,[";
      for (int i = 0; i < 1000; ++i) text += "]]";
      return text;
    }();
    std::string const found = read_as<tree>(deep);
    CHECK(found.find("expected at most 64 values within one another; got more") != std::string::npos);
    CHECK(found.find('\n') == std::string::npos);
  }

  TEST_CASE("a type that cannot be taken apart has no form, and asking does not stop the build") {
    CHECK_FALSE(has_form<void>);
    CHECK_FALSE(has_form<int*>);
    CHECK_FALSE(has_form<int&>);
    CHECK_FALSE(has_form<int[3]>);
    CHECK_FALSE(has_form<char const*>);
    CHECK_FALSE(has_form<std::nullptr_t>);
    CHECK_FALSE(has_form<void()>);
    CHECK_FALSE(has_form<void (*)()>);
    CHECK_FALSE(has_form<int view::*>);
    CHECK_FALSE(has_form<std::unique_ptr<int>>);
    CHECK_FALSE(has_form<std::shared_ptr<int>>);
    CHECK_FALSE(has_form<std::function<void()>>);
    CHECK_FALSE(has_form<std::variant<int, double>>);
    CHECK_FALSE(has_form<std::any>);
    CHECK_FALSE(has_form<std::mutex>);
    CHECK_FALSE(has_form<formless::pointer>);
    CHECK_FALSE(has_form<formless::text_pointer>);
    CHECK_FALSE(has_form<formless::function>);
    CHECK_FALSE(has_form<formless::reference>);
    CHECK_FALSE(has_form<formless::standard_function>);
    CHECK_FALSE(has_form<formless::derived>);
    CHECK_FALSE(has_form<formless::derived_from_empty>);
    CHECK_FALSE(has_form<formless::derived_without_fields>);
    CHECK_FALSE(has_form<formless::derived_from_mixin>);
    CHECK_FALSE(has_form<formless::array>);
    CHECK_FALSE(has_form<formless::array_of_one>);
    CHECK_FALSE(has_form<formless::either>);
    CHECK_FALSE(has_form<formless::with_either>);
    CHECK_FALSE(has_form<formless::with_unnamed_union>);
    CHECK_FALSE(has_form<formless::with_constructor>);
    CHECK_FALSE(has_form<formless::without_default>);
    CHECK_FALSE(has_form<formless::with_field_without_default>);
    CHECK_FALSE(has_form<formless::with_variant_without_default>);
    CHECK_FALSE(has_form<formless::with_virtual>);
    CHECK_FALSE(has_form<formless::with_private>);
    CHECK_FALSE(has_form<formless::move_only>);
    CHECK_FALSE(has_form<formless::immovable>);
    CHECK_FALSE(has_form<formless::with_atomic>);
    CHECK_FALSE(has_form<formless::with_any>);
    CHECK_FALSE(has_form<formless::constant>);
    CHECK_FALSE(has_form<formless::deep>);
    CHECK_FALSE(has_form<formless::many_fields>);
    CHECK_FALSE(has_form<formless::described_pointer>);
    CHECK_FALSE(has_form<formless::recursive>);
#ifndef __clang__
    CHECK_FALSE(has_form<formless::bits>);
    CHECK_FALSE(has_form<formless::one_bit>);
#endif
  }

  TEST_CASE("an optional of what can be null has no form, for the two nulls could not be told apart") {
    CHECK_FALSE(has_form<std::optional<std::optional<int>>>);
    CHECK_FALSE(has_form<std::optional<view>>);
    CHECK_FALSE(has_form<std::optional<described_nothing>>);
    CHECK(has_form<std::optional<add>>);
    CHECK(has_form<std::vector<std::optional<view>>> == false);
  }
}
