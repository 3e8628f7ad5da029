#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::detail {

/// Line and column of a byte of a text, both from 1, columns in characters.
struct text_place {
  std::size_t line;
  std::size_t column;
};

/// Where the byte `offset` of `text` stands. Bytes that are no UTF-8 count as a character each.
text_place place_of(std::string_view text, std::size_t offset);

/// The same for many bytes in a row, without counting from the beginning for each of them.
class place_cursor {
 public:
  explicit place_cursor(std::string_view text) noexcept : text_{text} {}

  /// Where the byte `offset` stands; not before that of the last call.
  text_place advance_to(std::size_t offset);

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  text_place place_{1, 1};
};

/// `LINE:COLUMN`.
std::string to_string(text_place place);

/// The line of `text` with the byte `offset`, and under it a caret at its place; two lines, indented, without a line
/// feed at the end. A long line is cut to what stands around the place. What no terminal should obey is shown as `?`.
std::string excerpt(std::string_view text, std::size_t offset);

}  // namespace coppice::detail
