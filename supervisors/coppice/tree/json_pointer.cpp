#include <coppice/tree/json_pointer.hpp>

namespace coppice::detail {

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string pointer{parent};
  pointer += '/';
  for (char const c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
  std::string const number = std::to_string(index);
  std::string pointer;
  pointer.reserve(parent.size() + 1 + number.size());
  pointer += parent;
  pointer += '/';
  return pointer += number;
}

std::string pointer_name(std::string_view pointer) {
  return pointer.empty() ? "the root" : std::string{pointer};
}

}  // namespace coppice::detail
