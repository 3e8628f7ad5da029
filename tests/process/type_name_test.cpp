#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/type_name.hpp>

namespace shop {

struct add {
  struct part {};
};
template <class T>
struct box {
  struct lid {};
};
enum class colour { red };

namespace {
struct hidden {};
}  // namespace

}  // namespace shop

struct of_nobody {};

namespace coppice::detail {
struct of_nobody {};
}  // namespace coppice::detail

namespace {

struct add {};

template <class T>
auto local_of_template() {
  struct local {};
  return local();
}

struct outer {
  auto operator<(int) const {
    struct local {};
    return local();
  }
  auto method(std::string const&) const {
    struct local {};
    return std::vector<local>();
  }
};

struct not_std_string {
  struct string {};
};

}  // namespace

TEST_SUITE("type_name") {
  using coppice::short_type_name;
  using coppice::type_hash;
  using coppice::type_name;

  TEST_CASE("a type of a user's does not share its name with one of the library's") {
    CHECK(type_name<of_nobody>() == "of_nobody");
    CHECK(type_name<coppice::detail::of_nobody>() == "coppice::detail::of_nobody");
  }

  TEST_CASE("a type is named as it is written, with its namespaces") {
    CHECK(type_name<double>() == "double");
    CHECK(type_name<shop::add>() == "shop::add");
    CHECK(type_name<shop::add::part>() == "shop::add::part");
    CHECK(type_name<shop::colour>() == "shop::colour");
    CHECK(type_name<shop::box<shop::add>>() == "shop::box<shop::add>");
  }

  TEST_CASE("common standard types are spelled as people spell them") {
    CHECK(type_name<std::string>() == "std::string");
    CHECK(type_name<std::string_view>() == "std::string_view");
    CHECK(type_name<std::vector<std::string>>() == "std::vector<std::string>");
    CHECK(type_name<std::map<std::string, std::vector<int>>>() == "std::map<std::string, std::vector<int>>");
    CHECK(type_name<std::optional<shop::box<std::string>>>() == "std::optional<shop::box<std::string>>");
    CHECK(type_name<char const*>() == "const char*");
    CHECK(type_name<int[3]>() == "int[3]");
    CHECK(type_name<not_std_string::string>() == "not_std_string::string");
  }

  TEST_CASE("a type of an unnamed namespace or of a function is named without that place") {
    struct local {};
    auto const in_lambda = [] {
      struct deep {};
      return deep();
    };
    CHECK(type_name<add>() == "add");
    CHECK(type_name<shop::hidden>() == "shop::hidden");
    CHECK(type_name<local>() == "local");
    CHECK(type_name<std::vector<add>>() == "std::vector<add>");
    CHECK(type_name<shop::box<local>>() == "shop::box<local>");
    CHECK(type_name<decltype(in_lambda())>() == "deep");
    CHECK(type_name<decltype(local_of_template<shop::add>())>() == "local");
    CHECK(type_name<decltype(outer() < 1)>() == "local");
    CHECK(type_name<decltype(outer().method(""))>() == "std::vector<local>");
  }

  TEST_CASE("a lambda has a name that shows no place in the source") {
    auto const lambda = [](int) {};
    CHECK(type_name<decltype(lambda)>().find("lambda") != std::string_view::npos);
    CHECK(type_name<decltype(lambda)>().find("test") == std::string_view::npos);
  }

  TEST_CASE("the short name leaves namespaces and enclosing classes out, but not those of template arguments") {
    CHECK(short_type_name<double>() == "double");
    CHECK(short_type_name<shop::add>() == "add");
    CHECK(short_type_name<shop::add::part>() == "part");
    CHECK(short_type_name<shop::box<shop::add>>() == "box<shop::add>");
    CHECK(short_type_name<shop::box<shop::add>::lid>() == "lid");
    CHECK(short_type_name<std::string>() == "string");
    CHECK(short_type_name<int (shop::add::*)(int)>() == "int (shop::add::*)(int)");
  }

  TEST_CASE("names and hashes are constants") {
    static_assert(type_name<shop::add>() == "shop::add");
    static_assert(short_type_name<shop::add>() == "add");
    static_assert(type_hash("") == 0xcbf29ce484222325U);
    static_assert(type_hash("a") == 0xaf63dc4c8601ec8cU);  // Both from the FNV reference.
    static_assert(type_hash("shop::add") != type_hash("shop::sub"));
  }
}
