#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/syntax_fault.hpp>
#include <coppice/tree/text_place.hpp>

namespace coppice {

namespace {

using detail::excerpt;
using detail::place_of;

constexpr std::string_view blanks = " \t\r\n";

// Builds the value out of the parser's events. The parser itself keeps no recursion, and neither do we: open arrays and
// objects are a list, so that depth costs no stack.
class builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  builder(std::string_view text, fault_list& faults) : text_{text}, faults_{faults} {}

  std::optional<located_json> take() { return std::move(root_); }

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(std::int64_t value) override {
    // "-0" comes as a signed number; all that are not negative shall be of one type.
    if (value >= 0) return scalar(static_cast<std::uint64_t>(value));
    return scalar(value);
  }
  bool number_unsigned(std::uint64_t value) override { return scalar(value); }
  bool number_float(double value, std::string const& written) override {
    bool const whole = written.find_first_of(".eE") == std::string::npos;
    return scalar(std::make_unique<located_json::other_number>(value, written, whole));
  }
  bool string(std::string& value) override { return scalar(std::make_unique<located_json::text>(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  // What is in it has been collected in a list that had room to grow, and is put into one of just its size.
  bool end_object() override {
    return close([](frame& closed) { return std::make_unique<located_json::object>(exactly(closed.members)); });
  }
  bool end_array() override {
    return close([](frame& closed) { return std::make_unique<located_json::array>(exactly(closed.elements)); });
  }

  bool key(std::string& name) override {
    std::uint32_t const offset = take_token();
    frame& top = innermost();
    top.keep = note_key(top, name, offset);
    top.members.push_back({std::move(name), offset, {}});
    return true;
  }

  bool parse_error(std::size_t position, std::string const&, nlohmann::detail::exception const& error) override {
    constexpr int number_overflow = 406;
    if (error.id == number_overflow) {
      std::uint32_t const offset = take_token();
      std::string_view const number = text_.substr(offset, cursor_ - offset);
      add_at(offset,
             fmt::format("the number {} is too large; numbers end at about 1.8e308. Write a smaller one.",
                         number.size() <= 40 ? std::string{number} : std::string{number.substr(0, 40)} + "..."));
      return false;
    }
    auto const explained = detail::explain_syntax(text_, position, error.what());
    add_at(explained.offset, explained.message);
    return false;
  }

 private:
  // An array or object that is being read. The next one of the same depth takes over its lists.
  struct frame {
    bool is_object = false;
    std::uint32_t offset = 0;
    located_json::object members;
    located_json::array elements;
    bool keep = true;                                   ///< Whether the member that is being read stays: the first of
                                                        ///< its key does.
    std::unordered_map<std::string, std::size_t> keys;  ///< Used once there are too many keys to look through.
  };

  frame& innermost() { return frames_[depth_ - 1]; }

  template <class List>
  static List exactly(List& grown) {
    List exact(std::make_move_iterator(grown.begin()), std::make_move_iterator(grown.end()));
    grown.clear();
    return exact;
  }

  static bool is_between_tokens(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
  }
  static bool is_bracket(char c) { return c == '{' || c == '}' || c == '[' || c == ']'; }

  // The parser does not tell where a token stands, but all of them so far are sound, so that they are easily found.
  std::uint32_t take_token() {
    std::size_t begin = cursor_;
    while (is_between_tokens(text_[begin])) ++begin;
    std::size_t end = begin + 1;
    if (text_[begin] == '"') {
      while (text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
      ++end;
    } else if (!is_bracket(text_[begin])) {
      while (end < text_.size() && !is_between_tokens(text_[end]) && !is_bracket(text_[end]) && text_[end] != '"') {
        ++end;
      }
    }
    cursor_ = end;
    return static_cast<std::uint32_t>(begin);
  }

  void add_at(std::size_t offset, std::string const& message) {
    faults_.add(detail::to_string(place_of(text_, offset)), offset, message + '\n' + excerpt(text_, offset));
  }

  std::string pointer() const {
    std::string result;
    for (std::size_t i = 0; i + 1 < depth_; ++i) {
      if (frames_[i].is_object) {
        result = detail::pointer_to(result, frames_[i].members.back().key);
      } else {
        result = detail::pointer_to(result, frames_[i].elements.size());
      }
    }
    return result;
  }

  // Whether the key is the first of its name in its object.
  bool note_key(frame& top, std::string const& name, std::uint32_t offset) {
    constexpr std::size_t looked_through = 16;
    located_json::object const& members = top.members;
    std::size_t earlier = members.size();
    if (members.size() < looked_through) {
      for (std::size_t i = 0; i < members.size(); ++i) {
        if (members[i].key == name) earlier = i;
      }
    } else {
      if (top.keys.empty()) {
        for (std::size_t i = 0; i < members.size(); ++i) top.keys.emplace(members[i].key, i);
      }
      earlier = top.keys.emplace(name, members.size()).first->second;
    }
    if (earlier == members.size()) return true;
    if (!places_) places_.emplace(text_);
    detail::text_place const first = places_->of(members[earlier].offset);
    detail::text_place const here = places_->of(offset);
    std::string const places = first.line == here.line
                                   ? fmt::format("in line {}, columns {} and {}", first.line, first.column, here.column)
                                   : fmt::format("in lines {} and {}", first.line, here.line);
    faults_.add(pointer(), offset,
                fmt::format("the key {} stands twice, {}. Keep one of them.", detail::in_quotes(name), places));
    return false;
  }

  template <class T>
  bool scalar(T value) {
    put(std::move(value), take_token());
    return true;
  }

  bool open(bool is_object) {
    std::uint32_t const offset = take_token();
    if (depth_ == max_json_depth) {
      add_at(offset, fmt::format("nested more than {} deep. Flatten it: a supervisor takes any number of children.",
                                 max_json_depth));
      return false;
    }
    if (depth_ == frames_.size()) frames_.emplace_back();
    frame& next = frames_[depth_++];
    next.is_object = is_object;
    next.offset = offset;
    next.keep = true;
    if (!next.keys.empty()) next.keys.clear();
    return true;
  }

  template <class Finish>
  bool close(Finish const& finish) {
    take_token();
    frame& closed = innermost();
    --depth_;
    put(finish(closed), closed.offset);
    return true;
  }

  template <class T>
  void put(T value, std::uint32_t offset) {
    frame* const top = depth_ == 0 ? nullptr : &innermost();
    if (top != nullptr && top->is_object && !top->keep) {
      top->members.pop_back();
      return;
    }
    located_json& node = top == nullptr   ? root_.emplace()
                         : top->is_object ? top->members.back().value
                                          : top->elements.emplace_back();
    node.value = std::move(value);
    node.offset = offset;
  }

  std::string_view text_;
  fault_list& faults_;
  std::optional<detail::place_index> places_;  // only once it is needed
  std::size_t cursor_ = 0;
  std::vector<frame> frames_;  // the first `depth_` of them are open
  std::size_t depth_ = 0;
  std::optional<located_json> root_;
};

// The first byte that begins no UTF-8 character.
std::optional<std::size_t> first_stray_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    // Most of a file is ASCII: eight at a time.
    std::uint64_t eight = 0;
    while (i + sizeof eight <= text.size()) {
      std::memcpy(&eight, text.data() + i, sizeof eight);
      if ((eight & 0x8080808080808080U) != 0) break;
      i += sizeof eight;
    }
    if (i == text.size()) break;
    std::size_t const length = detail::utf8_length(text.substr(i, 4));
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

bool looks_like_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
         (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0'));
}

}  // namespace

std::optional<located_json> read_json(std::string_view text, std::string_view example, fault_list& faults) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  if (text.find_first_not_of(blanks) == std::string_view::npos) {
    faults.add("", 0,
               fmt::format("the file {}; expected {}.", text.empty() ? "is empty" : "holds only blanks", example));
    return std::nullopt;
  }
  if (looks_like_utf16(text)) {
    faults.add("", 0, "expected UTF-8; the file looks like UTF-16. Save it as UTF-8.");
    return std::nullopt;
  }
  if (auto const stray = first_stray_byte(text)) {
    faults.add(
        detail::to_string(place_of(text, *stray)), *stray,
        fmt::format(
            "expected UTF-8; the byte 0x{:02X} at offset {} begins no UTF-8 character. Save the file as UTF-8.\n{}",
            static_cast<unsigned char>(text[*stray]), *stray, excerpt(text, *stray)));
    return std::nullopt;
  }
  // The parser takes a NUL for the end of the text, and would silently leave out what follows.
  if (std::size_t const nul = text.find('\0'); nul != std::string_view::npos) {
    faults.add(detail::to_string(place_of(text, nul)), nul,
               "syntax error: a NUL byte; JSON has none. Is this a text file?\n" + excerpt(text, nul));
    return std::nullopt;
  }
  builder events{text, faults};
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &events)) return std::nullopt;
  return events.take();
}

}  // namespace coppice
