#include <map>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/process/message_form.hpp>
#include <coppice/tree/json_form.hpp>

namespace shop {

struct view {};
struct add {
  double value;
};
struct move_to {
  int x;
  int y;
};
struct path {
  std::vector<std::string> steps;
};
struct transfer {
  int amount = 0;
  std::string to;
};
BOOST_DESCRIBE_STRUCT(transfer, (), (amount, to))

struct session {
  std::unique_ptr<int> number;
};

enum class colour { red };

}  // namespace shop

namespace other {

struct add {
  int value;
};

}  // namespace other

namespace {

using coppice::message_form;
using coppice::message_form_of;
using coppice::message_shape;
using coppice::to_text;
using nlohmann::json;

/// A value that counts how many of it are alive.
struct counted {
  counted() { ++alive; }
  counted(counted&&) noexcept { ++alive; }
  counted& operator=(counted&&) = default;
  ~counted() { --alive; }
  static inline int alive = 0;
  static inline bool readable = true;
};

struct only_moved_into {
  explicit only_moved_into(int v) : value(v) {}
  int value;
};
BOOST_DESCRIBE_STRUCT(only_moved_into, (), (value))

/// Storage for a value of which only the form is known.
class room_for {
 public:
  explicit room_for(message_form const& form)
      : form_(form), place_(::operator new(form.size, std::align_val_t(form.alignment))) {}
  ~room_for() { ::operator delete(place_, std::align_val_t(form_.alignment)); }
  void* place() const { return place_; }

 private:
  message_form const& form_;
  void* place_;
};

/// Which message a text names: its full name, or the fault.
std::string named(std::string const& text, std::vector<message_form const*> const& known) {
  json const parsed = json::parse(text);
  coppice::json_value_reader reader(parsed);
  coppice::named_message const found = coppice::read_message_name(reader, known);
  CHECK((found.form == nullptr) == !reader.faults().empty());
  return found.form != nullptr ? std::string(found.form->full_name) : reader.faults().at(0).text;
}

}  // namespace

template <>
struct coppice::value_form<counted> {
  static void write(value_writer& to, counted const&) { to.string("counted"); }
  static bool read(value_reader& from, counted&) {
    if (counted::readable) return true;
    from.fault("not readable");
    return false;
  }
};

TEST_SUITE("message_form") {
  TEST_CASE("a form knows the names, the size and the shape of its type") {
    message_form const& form = message_form_of<shop::move_to>();
    CHECK(form.name == "move_to");
    CHECK(form.full_name == "shop::move_to");
    CHECK(*form.type == typeid(shop::move_to));
    CHECK(form.has_form);
    CHECK(form.shape == message_shape::positions);
    CHECK(form.size == sizeof(shop::move_to));
    CHECK(form.alignment == alignof(shop::move_to));
  }

  TEST_CASE("a type has one form, whatever is const") {
    CHECK(&message_form_of<shop::add>() == &message_form_of<shop::add>());
    CHECK(&message_form_of<shop::add const>() == &message_form_of<shop::add>());
    CHECK(coppice::is_same_message(message_form_of<shop::add>(), message_form_of<shop::add>()));
    CHECK_FALSE(coppice::is_same_message(message_form_of<shop::add>(), message_form_of<other::add>()));
  }

  TEST_CASE("a form made twice, as by two libraries, is still one type") {
    message_form const copy = message_form_of<shop::add>();
    CHECK(coppice::is_same_message(copy, message_form_of<shop::add>()));
  }

  TEST_CASE("a value is read into storage, moved and destroyed with no leftovers") {
    message_form const& form = message_form_of<counted>();
    json const found = nullptr;
    coppice::json_value_reader reader(found);
    room_for const first(form);
    room_for const second(form);
    counted::readable = true;
    REQUIRE(form.read(reader, first.place()));
    CHECK(counted::alive == 1);
    form.move_construct(second.place(), first.place());
    CHECK(counted::alive == 2);
    form.destroy(first.place());
    form.destroy(second.place());
    CHECK(counted::alive == 0);
  }

  TEST_CASE("a value with faults is not made") {
    message_form const& form = message_form_of<counted>();
    json const found = nullptr;
    coppice::json_value_reader reader(found);
    room_for const storage(form);
    counted::readable = false;
    CHECK_FALSE(form.read(reader, storage.place()));
    CHECK(counted::alive == 0);
    CHECK(reader.faults().size() == 1);
  }

  TEST_CASE("a type without a form can be written, moved and destroyed, but not read") {
    message_form const& form = message_form_of<shop::session>();
    CHECK_FALSE(form.has_form);
    CHECK(form.shape == message_shape::opaque);
    CHECK_FALSE(bool(form.read));
    REQUIRE(bool(form.move_construct));
    CHECK(coppice::value_to_json(form, nullptr) == json("shop::session"));
    shop::session from{std::make_unique<int>(3)};
    room_for const storage(form);
    form.move_construct(storage.place(), &from);
    CHECK(from.number == nullptr);
    form.destroy(storage.place());
  }

  TEST_CASE("a type without a default constructor is written but not read") {
    message_form const& form = message_form_of<only_moved_into>();
    CHECK(form.has_form);
    CHECK_FALSE(bool(form.read));
    CHECK(to_text(only_moved_into(3)) == "only_moved_into{value: 3}");
  }

  TEST_CASE("the text of a struct is its name with what is in it") {
    CHECK(to_text(shop::view{}) == "view{}");
    CHECK(to_text(shop::add{20}) == "add{20}");
    CHECK(to_text(shop::add{-2.5}) == "add{-2.5}");
    CHECK(to_text(shop::move_to{3, 4}) == "move_to{3, 4}");
    CHECK(to_text(shop::path{{"a", "b"}}) == R"(path{["a", "b"]})");
    CHECK(to_text(shop::path{}) == "path{[]}");
    CHECK(to_text(shop::transfer{20, "bob"}) == R"(transfer{amount: 20, to: "bob"})");
    CHECK(to_text(shop::session{}) == "shop::session");
  }

  TEST_CASE("the text of any other value is its type and the value") {
    CHECK(to_text(42) == "int 42");
    CHECK(to_text(true) == "bool true");
    CHECK(to_text(std::string("hello")) == R"(std::string "hello")");
    CHECK(to_text(std::vector<int>{1, 2}) == "std::vector<int> [1, 2]");
    CHECK(to_text(std::vector<shop::move_to>{{1, 2}}) == "std::vector<shop::move_to> [[1, 2]]");
    CHECK(to_text(std::vector<shop::transfer>{{1, "x"}}) == R"(std::vector<shop::transfer> [{amount: 1, to: "x"}])");
    CHECK(to_text(std::optional<int>()) == "std::optional<int> null");
    CHECK(to_text(std::map<std::string, int>{{"a b", 1}, {"c", 2}}) ==
          R"(std::map<std::string, int> {"a b": 1, c: 2})");
    CHECK(to_text(shop::colour::red) == "shop::colour 0");
    CHECK(to_text(static_cast<char const*>("no")) == "const char*");
  }

  TEST_CASE("text stays on one line") {
    CHECK(to_text(std::string("a\nb\t\"\\\x1b[0m")) == R"(std::string "a\nb\t\"\\\u001b[0m")");
  }

  TEST_CASE("a message is found by its short name or its full one") {
    std::vector<message_form const*> const known = {&message_form_of<shop::view>(), &message_form_of<shop::add>()};
    CHECK(named(R"({"add":20})", known) == "shop::add");
    CHECK(named(R"({"shop::add":20})", known) == "shop::add");
    CHECK(named(R"({"view":null})", known) == "shop::view");
  }

  TEST_CASE("what names no message is a fault that says which there are") {
    std::vector<message_form const*> const known = {&message_form_of<shop::view>(), &message_form_of<shop::add>()};
    CHECK(named(R"({"ad":20})", known) == R"(unknown message "ad"; did you mean "add"?)");
    CHECK(named(R"({"multiply":20})", known) == R"(unknown message "multiply"; known here: "view", "add")");
    CHECK(named(R"({"add":20})", {}) == R"(unknown message "add"; no message is known here)");
    CHECK(named(R"("add")", known) ==
          R"(expected an object with one key, the name of a message ("view", "add"); got the string "add")");
    CHECK(named(R"({"add":1,"view":null})", known) ==
          R"(expected an object with one key, the name of a message ("view", "add"); got an object of 2 keys)");
  }

  TEST_CASE("a short name that two messages share is not enough") {
    std::vector<message_form const*> const known = {&message_form_of<shop::add>(), &message_form_of<other::add>()};
    CHECK(named(R"({"add":1})", known) ==
          R"("add" is the name of several messages; write the full name: "shop::add", "other::add")");
    CHECK(named(R"({"other::add":1})", known) == "other::add");
  }

  TEST_CASE("a message that has no form is refused by name") {
    std::vector<message_form const*> const known = {&message_form_of<shop::session>(),
                                                    &message_form_of<only_moved_into>()};
    CHECK(named(R"({"session":1})", known) ==
          R"(the message "session" cannot be written as JSON: shop::session has no form)");
    CHECK(named(R"({"only_moved_into":1})", known) ==
          R"(the message "only_moved_into" cannot be written as JSON: only_moved_into has no default constructor)");
  }
}
