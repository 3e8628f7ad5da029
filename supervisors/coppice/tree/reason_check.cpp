#include <algorithm>

#include <fmt/format.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/identifier.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/reason_check.hpp>
#include <coppice/tree/reason_text.hpp>

namespace coppice::detail {

namespace {

std::string found(const located_json& value, const std::string* text) {
  return text != nullptr && text->empty() ? "an empty string" : value.described();
}

std::string reason_advice(const std::string* text) {
  if (text == nullptr) return " Write it as a string.";
  std::string packed = *text;
  packed.erase(std::remove_if(packed.begin(), packed.end(), [](char c) { return c == ' ' || c == '\''; }),
               packed.end());
  if (packed != *text && text->find('{') != std::string::npos && is_reason(packed)) {
    return fmt::format(" Write {}.", in_quotes(packed));
  }
  return " An atom has letters, digits and _ @ . : - in it.";
}

std::string path_advice(const std::string* text) {
  if (text == nullptr || text->empty()) return "";
  const std::string_view all = *text;
  if (all.front() == '/' && is_path(all.substr(1))) return fmt::format(" Write {}.", in_quotes(all.substr(1)));
  if (all.back() == '/' && is_path(all.substr(0, all.size() - 1))) {
    return fmt::format(" Write {}.", in_quotes(all.substr(0, all.size() - 1)));
  }
  return "";
}

}  // namespace

bool is_path(std::string_view text) {
  for (;;) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    if (!is_path_element(text.substr(0, slash))) return false;
    if (slash == text.size()) return true;
    text.remove_prefix(slash + 1);
  }
}

std::optional<std::string> check_reason(const located_json& value, const std::string& pointer, fault_list& faults) {
  const std::string* text = value.if_string();
  if (text != nullptr && is_reason(*text)) return *text;
  faults.add(pointer, value.offset,
             fmt::format(
                 "expected an exit reason in Erlang's notation without blanks, such as \"boom\" or \"{{shutdown,x}}\"; "
                 "got {}.{}",
                 found(value, text), reason_advice(text)));
  return std::nullopt;
}

std::optional<std::string> check_path(const located_json& value, const std::string& pointer, fault_list& faults) {
  const std::string* text = value.if_string();
  if (text != nullptr && is_path(*text)) return *text;
  faults.add(pointer, value.offset,
             fmt::format("expected a path, the ids from the root on joined by \"/\", such as \"root/s1/a\" or "
                         "\"root/calc-2\"; got {}.{}",
                         found(value, text), path_advice(text)));
  return std::nullopt;
}

}  // namespace coppice::detail
