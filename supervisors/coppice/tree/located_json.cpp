#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/located_json.hpp>
#include <coppice/tree/overloaded.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

template <class T>
T const* pointed(located_json const& value) noexcept {
  auto const* owner = std::get_if<std::unique_ptr<T>>(&value.value);
  return owner == nullptr ? nullptr : owner->get();
}

}  // namespace

std::string const* located_json::if_string() const noexcept {
  return pointed<text>(*this);
}

located_json::array const* located_json::if_array() const noexcept {
  return pointed<array>(*this);
}

located_json::object const* located_json::if_object() const noexcept {
  return pointed<object>(*this);
}

located_json const* located_json::find(std::string_view key) const noexcept {
  object const* members = if_object();
  if (members == nullptr) return nullptr;
  for (member const& one : *members) {
    if (detail::is_same_key(one.key, key)) return &one.value;
  }
  return nullptr;
}

std::string located_json::described() const {
  return std::visit(detail::overloaded{
                        [](std::nullptr_t) { return std::string{"null"}; },
                        [](bool b) { return std::string{b ? "true" : "false"}; },
                        [](std::int64_t n) { return fmt::format("{}", n); },
                        [](std::uint64_t n) { return fmt::format("{}", n); },
                        [](std::unique_ptr<other_number> const& n) {
                          constexpr std::size_t shown = 40;
                          return n->text.size() <= shown ? n->text : n->text.substr(0, shown) + "...";
                        },
                        [](std::unique_ptr<text> const& s) { return "the string " + detail::in_quotes(*s); },
                        [](std::unique_ptr<array> const&) { return std::string{"an array"}; },
                        [](std::unique_ptr<object> const&) { return std::string{"an object"}; },
                    },
                    value);
}

nlohmann::json to_json(located_json const& value) {
  return std::visit(detail::overloaded{
                        [](std::nullptr_t) { return nlohmann::json(nullptr); },
                        [](bool b) { return nlohmann::json(b); },
                        [](std::int64_t n) { return nlohmann::json(n); },
                        [](std::uint64_t n) { return nlohmann::json(n); },
                        [](std::unique_ptr<located_json::other_number> const& n) { return nlohmann::json(n->value); },
                        [](std::unique_ptr<located_json::text> const& s) {
                          return nlohmann::json(static_cast<std::string const&>(*s));
                        },
                        [](std::unique_ptr<located_json::array> const& elements) {
                          nlohmann::json result = nlohmann::json::array();
                          for (located_json const& element : *elements) result.push_back(to_json(element));
                          return result;
                        },
                        [](std::unique_ptr<located_json::object> const& members) {
                          nlohmann::json result = nlohmann::json::object();
                          for (located_json::member const& one : *members) result[one.key] = to_json(one.value);
                          return result;
                        },
                    },
                    value.value);
}

}  // namespace coppice
