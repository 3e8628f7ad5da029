#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::detail {

/// Line and column of a byte of a text, both from 1, columns in characters.
struct text_place {
  std::size_t line;
  std::size_t column;
};

/// Where a character begins, and its place.
struct character_place {
  std::size_t offset = 0;
  text_place place{1, 1};
};

/// Where the byte `offset` of `text` stands. Bytes that are no UTF-8 count as a character each.
text_place place_of(std::string_view text, std::size_t offset);

/// The same for many bytes of one text, without counting from the beginning for each of them.
class place_index {
 public:
  /// Goes through the text once.
  explicit place_index(std::string_view text);

  text_place of(std::size_t offset) const;

 private:
  std::string_view text_;
  std::vector<character_place> marks_;  // every so many bytes, beginning with the first
};

/// `LINE:COLUMN`.
std::string to_string(text_place place);

/// The line of `text` with the byte `offset`, and under it a caret at its place; two lines, indented, without a line
/// feed at the end. A long line is cut to what stands around the place. What no terminal should obey is shown as `?`.
std::string excerpt(std::string_view text, std::size_t offset);

}  // namespace coppice::detail
