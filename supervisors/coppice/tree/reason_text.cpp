#include <algorithm>

#include <coppice/tree/reason_text.hpp>
#include <coppice/tree/tree_limits.hpp>

namespace coppice::detail {

namespace {

constexpr int deepest = 16;

bool is_atom_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"_@.:-"}.find(c) != std::string_view::npos;
}

// Takes one reason from the front of the text.
bool take_reason(std::string_view& text, int depth) {
  if (!text.starts_with('{')) {
    auto const end = std::find_if_not(text.begin(), text.end(), is_atom_character);
    auto const length = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(length);
    return length > 0 && length <= tree_limits::max_name_length;
  }
  if (depth == deepest) return false;
  do {
    text.remove_prefix(1);
    if (!take_reason(text, depth + 1)) return false;
  } while (text.starts_with(','));
  if (!text.starts_with('}')) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool is_reason(std::string_view text) {
  return take_reason(text, 0) && text.empty();
}

}  // namespace coppice::detail
