#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/text_place.hpp>

namespace coppice::detail {

namespace {

std::size_t character_length(std::string_view text) {
  return std::max<std::size_t>(1, utf8_length(text));
}

// From one character on to the one that holds the byte `offset`.
character_place advanced(character_place from, std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  while (from.offset < offset) {
    // At most four bytes are looked at: a character is no longer.
    std::size_t const length = character_length(text.substr(from.offset, 4));
    if (from.offset + length > offset) break;
    if (text[from.offset] == '\n') {
      from.place = {from.place.line + 1, 1};
    } else {
      ++from.place.column;
    }
    from.offset += length;
  }
  return from;
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
  std::size_t const feed = text.substr(0, offset).rfind('\n');
  return feed == std::string_view::npos ? 0 : feed + 1;
}

// One column of the excerpt: itself, or a stand-in for what is not one printable character.
std::string_view shown(std::string_view character) {
  if (utf8_length(character) == 0) return "?";
  if (character == "\t") return " ";
  return printable(character) == character ? character : "?";
}

}  // namespace

text_place place_of(std::string_view text, std::size_t offset) {
  return advanced({}, text, offset).place;
}

place_index::place_index(std::string_view text) : text_{text} {
  constexpr std::size_t stride = 1024;
  character_place here;
  for (std::size_t next = 0; next <= text.size(); next += stride) {
    here = advanced(here, text, next);
    marks_.push_back(here);
  }
}

text_place place_index::of(std::size_t offset) const {
  auto const behind =
      std::upper_bound(marks_.begin(), marks_.end(), offset,
                       [](std::size_t wanted, character_place const& mark) { return wanted < mark.offset; });
  return advanced(*std::prev(behind), text_, offset).place;
}

std::string to_string(text_place place) {
  return fmt::format("{}:{}", place.line, place.column);
}

std::string excerpt(std::string_view text, std::size_t offset) {
  constexpr std::size_t before = 60;
  constexpr std::size_t after = 40;

  offset = std::min(offset, text.size());
  std::size_t const begin = line_begin(text, offset);
  std::size_t end = std::min(text.find('\n', begin), text.size());
  if (end > begin && text[end - 1] == '\r' && offset < end) --end;

  std::string_view const line = text.substr(begin, end - begin);
  std::size_t const place = place_of(text, offset).column - 1;
  std::size_t const first = place > before ? place - before : 0;
  std::string columns = first > 0 ? "..." : "";
  std::size_t const caret = (first > 0 ? 3 : 0) + place - first;
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++column) {
    if (column >= place + after) {
      columns += "...";
      break;
    }
    std::string_view const character = line.substr(i, character_length(line.substr(i)));
    if (column >= first) columns += shown(character);
    i += character.size();
  }
  return fmt::format("  {}\n  {}^", columns, std::string(caret, ' '));
}

}  // namespace coppice::detail
