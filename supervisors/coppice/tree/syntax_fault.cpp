#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/syntax_fault.hpp>
#include <coppice/tree/text_place.hpp>

namespace coppice::detail {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

bool is_punctuation(char c) {
  return std::string_view{"{}[]:,"}.find(c) != std::string_view::npos;
}

std::size_t digits_at(std::string_view text, std::size_t from) {
  std::size_t end = from;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - from;
}

// JSON's grammar of a number.
bool is_number(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t const whole = digits_at(text, at);
  if (whole == 0 || (whole > 1 && text[at] == '0')) return false;
  at += whole;
  if (at < text.size() && text[at] == '.') {
    std::size_t const fraction = digits_at(text, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    std::size_t const exponent = digits_at(text, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == text.size();
}

// What may come next.
enum class expectation { value, first_element, first_key, key, colon, comma_in_object, comma_in_array, end };

struct token {
  std::size_t begin;
  std::size_t end;
};

// Cuts the text into tokens as generously as a person would, also where the parser has given up.
token next_token(std::string_view text, std::size_t from) {
  while (from < text.size() && is_blank(text[from])) ++from;
  if (from == text.size()) return {from, from};
  std::size_t end = from + 1;
  if (text[from] == '"') {
    while (end < text.size() && text[end] != '"') end += text[end] == '\\' && end + 1 < text.size() ? 2 : 1;
    return {from, std::min(end + 1, text.size())};
  }
  if (is_punctuation(text[from])) return {from, end};
  while (end < text.size() && !is_blank(text[end]) && !is_punctuation(text[end]) && text[end] != '"') ++end;
  return {from, end};
}

class explainer {
 public:
  explainer(std::string_view text, std::size_t position, std::string_view complaint)
      : text_{text}, position_{position}, complaint_{complaint} {}

  syntax_fault explain() {
    for (;;) {
      current_ = next_token(text_, current_.end);
      // The parser has met the end, or taken the last byte of this token, and stopped: this is it.
      if (at_end() || current_.end >= position_ || runs_to_the_end() || is_stray_word()) break;
      advance();
      comma_before_ = word() == ",";
    }
    return {place(), message()};
  }

 private:
  std::string_view word() const { return text_.substr(current_.begin, current_.end - current_.begin); }

  void after_value() {
    if (open_.empty()) {
      expected_ = expectation::end;
    } else {
      expected_ = text_[open_.back()] == '{' ? expectation::comma_in_object : expectation::comma_in_array;
    }
  }

  void advance() {
    char const first = text_[current_.begin];
    switch (first) {
      case '{':
      case '[':
        open_.push_back(current_.begin);
        expected_ = first == '{' ? expectation::first_key : expectation::first_element;
        return;
      case '}':
      case ']':
        if (!open_.empty()) open_.pop_back();
        after_value();
        return;
      case ':': expected_ = expectation::value; return;
      case ',': expected_ = expected_ == expectation::comma_in_object ? expectation::key : expectation::value; return;
      default:
        if (expected_ == expectation::key || expected_ == expectation::first_key) {
          expected_ = expectation::colon;
        } else {
          after_value();
        }
    }
  }

  bool at_end() const { return current_.begin == text_.size(); }
  bool is_string() const { return !at_end() && text_[current_.begin] == '"'; }

  // The parser notices a wrong word only when it has taken the byte after it.
  bool is_stray_word() const {
    std::string_view const w = word();
    return w.front() != '"' && !is_punctuation(w.front()) && w != "true" && w != "false" && w != "null" &&
           !is_number(w);
  }

  // A string without a closing quote takes all that is left.
  bool runs_to_the_end() const {
    return is_string() && current_.end == text_.size() &&
           complaint_.find("missing closing quote") != std::string_view::npos;
  }

  // In a string the parser stops at the very byte that it dislikes; elsewhere a person looks at the whole token.
  bool fault_inside_string() const {
    return is_string() && complaint_.find("invalid string") != std::string_view::npos;
  }

  bool unclosed_string() const {
    return fault_inside_string() &&
           (complaint_.find("missing closing quote") != std::string_view::npos || raw_byte() == '\n');
  }

  char raw_byte() const { return position_ > 0 && position_ <= text_.size() ? text_[position_ - 1] : '\0'; }

  std::size_t place() const {
    // Blank lines at the end of a file are no place to look at.
    if (at_end()) return text_.find_last_not_of(" \t\r\n") + 1;
    if (!fault_inside_string() || unclosed_string()) return current_.begin;
    return position_ > 0 ? position_ - 1 : 0;
  }

  std::string_view expected_text() const {
    switch (expected_) {
      case expectation::value: return "a value";
      case expectation::first_element: return "a value or \"]\"";
      case expectation::first_key: return "a key in double quotes or \"}\"";
      case expectation::key: return "a key in double quotes";
      case expectation::colon: return "\":\" after the key";
      case expectation::comma_in_object: return "\",\" or \"}\" after the value";
      case expectation::comma_in_array: return "\",\" or \"]\" after the value";
      case expectation::end: return "the end of the file after the value";
    }
    return "";
  }

  std::string message() const {
    if (fault_inside_string()) return string_message();
    return fmt::format("syntax error: expected {}; got {}.{}", expected_text(), got(), advice());
  }

  std::string got() const {
    if (at_end()) return "the end of the file";
    if (is_string()) return "the string " + in_quotes(word_inside());
    if (is_punctuation(word().front())) return in_quotes(word());
    constexpr std::size_t shown = 40;
    std::string const plain = in_quotes(word(), shown);
    return plain.substr(1, plain.size() - 2);
  }

  std::string_view word_inside() const {
    std::string_view const all = word();
    return all.substr(1, all.size() >= 2 && all.back() == '"' ? all.size() - 2 : all.size() - 1);
  }

  std::string string_message() const {
    if (unclosed_string()) {
      return "syntax error: the string that begins here is not closed on its line. End it with a double quote; a line "
             "break inside is written \\n.";
    }
    auto const raw = static_cast<unsigned char>(raw_byte());
    if (raw == '\t') return "syntax error: a tab inside a string is written \\t.";
    if (raw < 0x20) return fmt::format("syntax error: a control character inside a string is written \\u{:04x}.", raw);
    if (complaint_.find("surrogate") != std::string_view::npos) {
      return "syntax error: half of a surrogate pair. Write both halves, such as \\ud83c\\udf32, or the character "
             "itself.";
    }
    if (complaint_.find("4 hex digits") != std::string_view::npos) {
      return "syntax error: expected four hexadecimal digits after \\u, such as \\u00e9.";
    }
    return "syntax error: unknown escape in a string. Known: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000. A backslash "
           "itself is "
           "written \\\\.";
  }

  // The next step, with a blank before it; empty if there is none to name.
  std::string advice() const {
    if (at_end()) {
      if (open_.empty()) return "";
      return fmt::format(" The {} that begins at {} is not closed.", text_[open_.back()] == '{' ? "object" : "array",
                         to_string(place_of(text_, open_.back())));
    }
    std::string_view const w = word();
    char const first = w.front();
    if (comma_before_ && (first == '}' || first == ']')) return " Remove the comma before it.";
    if (first == '/' || first == '#') return " JSON has no comments; remove it.";
    if (first == '\'') return " Strings stand in double quotes.";
    if (expected_ == expectation::end) return "";
    bool const starts_value = !is_punctuation(first) || first == '{' || first == '[';
    if (expected_ == expectation::comma_in_object || expected_ == expectation::comma_in_array) {
      return starts_value ? " Is a comma missing before it?" : "";
    }
    if (is_string() || is_punctuation(first)) return "";
    if (expected_ == expectation::key || expected_ == expectation::first_key) {
      return fmt::format(" Write {}.", in_quotes(w));
    }
    if (expected_ == expectation::colon) return "";
    return value_advice(w);
  }

  static std::string value_advice(std::string_view w) {
    std::string lower;
    for (char const c : w.substr(0, 20)) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (lower == "true" || lower == "false" || lower == "null") return fmt::format(" Write {}.", lower);
    if (lower == "none" || lower == "nil" || lower == "undefined") return " Leave the key out.";
    std::string_view const unsigned_word = lower.find_first_of("+-") == 0 ? std::string_view{lower}.substr(1) : lower;
    if (unsigned_word == "nan" || unsigned_word.starts_with("inf")) return " JSON has no such number.";
    if (std::string_view{"+-.0123456789"}.find(lower.front()) != std::string_view::npos) {
      return " Numbers are written like 5, -5, 0.5 or 5e3, without a unit.";
    }
    bool const letter = std::isalpha(static_cast<unsigned char>(lower.front())) != 0 || lower.front() == '_';
    return letter ? " Strings stand in double quotes." : "";
  }

  std::string_view text_;
  std::size_t position_;
  std::string_view complaint_;

  token current_{0, 0};
  bool comma_before_ = false;
  expectation expected_ = expectation::value;
  std::vector<std::size_t> open_;
};

}  // namespace

syntax_fault explain_syntax(std::string_view text, std::size_t position, std::string_view complaint) {
  return explainer{text, position, complaint}.explain();
}

}  // namespace coppice::detail
