#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>

namespace coppice::detail {

namespace {

unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool continues(std::string_view text, std::size_t i) {
  return i < text.size() && (byte_at(text, i) & 0xC0U) == 0x80U;
}

// C0 and C1 control characters and DEL; a C1 one is the two bytes C2 80 to C2 9F.
bool is_control(std::string_view character) {
  unsigned const first = byte_at(character, 0);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && byte_at(character, 1) < 0xA0);
}

unsigned control_code(std::string_view character) {
  return byte_at(character, character.size() - 1);
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  unsigned const first = byte_at(text, 0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(text, 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(text, 1) || !continues(text, 2)) return 0;
    unsigned const second = byte_at(text, 1);
    bool const overlong = first == 0xE0 && second < 0xA0;
    bool const surrogate = first == 0xED && second >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(text, 1) || !continues(text, 2) || !continues(text, 3)) return 0;
    unsigned const second = byte_at(text, 1);
    bool const overlong = first == 0xF0 && second < 0x90;
    bool const beyond_unicode = first == 0xF4 && second >= 0x90;
    return overlong || beyond_unicode ? 0 : 4;
  }
  return 0;
}

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = utf8_length(text);
    if (length == 0) {
      result += fmt::format("\\x{:02X}", byte_at(text, 0));
      text.remove_prefix(1);
      continue;
    }
    std::string_view const character = text.substr(0, length);
    if (is_control(character)) {
      result += fmt::format("\\u{:04x}", control_code(character));
    } else {
      result += character;
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string in_quotes(std::string_view text, std::size_t width) {
  std::string result = "\"";
  for (std::size_t characters = 0; !text.empty(); ++characters) {
    if (characters == width) return result + "...\"";
    std::size_t const length = utf8_length(text);
    std::string_view const character = text.substr(0, length == 0 ? 1 : length);
    if (character == "\"" || character == "\\") {
      result += '\\';
      result += character;
    } else if (character == "\n") {
      result += "\\n";
    } else if (character == "\t") {
      result += "\\t";
    } else {
      result += printable(character);
    }
    text.remove_prefix(character.size());
  }
  return result + '"';
}

std::string for_a_shell(std::string_view word) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+=:,./@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return std::string{word};
  std::string quoted = "'";
  for (const char each : word) {
    if (each == '\'') {
      quoted += "'\\''";
    } else {
      quoted += each;
    }
  }
  return quoted + "'";
}

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t place = digits.size(); place > 3;) {
    place -= 3;
    digits.insert(place, 1, ',');
  }
  return digits;
}

}  // namespace coppice::detail
