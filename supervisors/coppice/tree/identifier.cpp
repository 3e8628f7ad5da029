#include <algorithm>

#include <coppice/tree/identifier.hpp>
#include <coppice/tree/tree_limits.hpp>

namespace coppice::detail {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= tree_limits::max_name_length && is_lower(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

bool is_path_element(std::string_view text) {
  std::size_t const dash = text.find('-');
  if (dash == std::string_view::npos) return is_identifier(text);
  // Replicas are counted from 1, and at most 10,000,000 of them.
  std::string_view const number = text.substr(dash + 1);
  return is_identifier(text.substr(0, dash)) && !number.empty() && number.size() <= 8 && number.front() != '0' &&
         std::all_of(number.begin(), number.end(), is_digit);
}

std::optional<std::string> nearest_identifier(std::string_view text) {
  std::string result;
  for (char const c : text.substr(0, tree_limits::max_name_length)) {
    if (c >= 'A' && c <= 'Z') {
      result += static_cast<char>(c - 'A' + 'a');
    } else if (is_lower(c) || is_digit(c) || c == '_') {
      result += c;
    } else if (c == '-' || c == ' ' || c == '.' || c == '/' || c == ':') {
      result += '_';
    } else {
      return std::nullopt;
    }
  }
  if (!is_identifier(result)) return std::nullopt;
  return result;
}

}  // namespace coppice::detail
