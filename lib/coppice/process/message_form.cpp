#include <charconv>
#include <optional>
#include <vector>

#include <coppice/process/message_form.hpp>
#include <coppice/process/suggestion.hpp>

namespace coppice {

namespace {

/// Writes values as one line of text, much like JSON. The brackets of the outermost array or object, and the quotes
/// that keys have in JSON, are left out: the name of the type and its braces stand for them.
class text_writer final : public value_writer {
 public:
  explicit text_writer(bool outer_brackets) : outer_brackets_(outer_brackets) {}

  void null() override { put("null"); }
  void boolean(bool value) override { put(value ? "true" : "false"); }
  void integer(std::int64_t value) override { put_digits(value); }
  void unsigned_integer(std::uint64_t value) override { put_digits(value); }
  void number(double value) override { put_digits(value); }
  void string(std::string_view value) override {
    separate();
    detail::append_quoted(text_, value);
  }
  void begin_array() override { open('['); }
  void end_array() override { close(']'); }
  void begin_object() override { open('{'); }
  void end_object() override { close('}'); }
  void key(std::string_view name) override {
    separate();
    if (is_name(name))
      text_ += name;
    else
      detail::append_quoted(text_, name);
    text_ += ": ";
    separator_due_ = false;
  }
  void opaque(std::string_view type_name) override { put(type_name); }

  std::string take() { return std::move(text_); }

 private:
  void separate() {
    if (separator_due_) text_ += ", ";
    separator_due_ = true;
  }

  void put(std::string_view text) {
    separate();
    text_ += text;
  }

  template <class Number>
  void put_digits(Number value) {
    char digits[40];
    put({digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
  }

  void open(char bracket) {
    separate();
    if (outer_brackets_ || depth_ > 0) text_ += bracket;
    ++depth_;
    separator_due_ = false;
  }

  void close(char bracket) {
    --depth_;
    if (outer_brackets_ || depth_ > 0) text_ += bracket;
    separator_due_ = true;
  }

  static bool is_name(std::string_view text) {
    if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
    for (char const c : text) {
      if (!detail::is_word(c)) return false;
    }
    return true;
  }

  std::string text_;
  bool outer_brackets_;
  bool separator_due_ = false;
  std::size_t depth_ = 0;
};

std::string quoted_list(std::span<std::string_view const> words) {
  std::string text;
  for (std::string_view const word : words) {
    if (!text.empty()) text += ", ";
    detail::append_quoted(text, word);
  }
  return text;
}

}  // namespace

std::string to_text(message_form const& form, void const* value) {
  if (form.shape == message_shape::opaque) return std::string(form.full_name);
  bool const is_struct = form.shape != message_shape::value;
  bool const braces_stand_for_brackets = form.shape == message_shape::positions || form.shape == message_shape::names;
  text_writer writer(!braces_stand_for_brackets);
  // A struct without fields is null, which its empty braces say already.
  if (form.shape != message_shape::nothing) form.write(writer, value);
  std::string const inside = writer.take();
  // Messages are known by their short names; `std::string` and its like read better in full.
  return is_struct ? std::string(form.name) + "{" + inside + "}" : std::string(form.full_name) + " " + inside;
}

named_message read_message_name(value_reader& from, std::span<message_form const* const> known) {
  std::vector<std::string_view> names;
  for (message_form const* const form : known) names.push_back(form->name);

  bool const is_object = from.what() == value_reader::kind::object;
  if (!is_object || from.size() != 1) {
    from.fault("expected an object with one key, the name of a message" +
               (names.empty() ? std::string() : " (" + quoted_list(names) + ")") + "; got " + describe_found(from));
    return {nullptr, {}};
  }

  std::string_view const key = from.keys().front();
  std::vector<std::string_view> found_names;
  message_form const* found = nullptr;
  for (message_form const* const form : known) {
    if (form->name != key && form->full_name != key) continue;
    if (found != nullptr && is_same_message(*found, *form)) continue;
    found = form;
    found_names.push_back(form->full_name);
  }

  std::string const quoted_key = quoted_list({&key, 1});
  if (found_names.size() > 1) {
    from.fault(quoted_key + " is the name of several messages; write the full name: " + quoted_list(found_names));
    return {nullptr, key};
  }
  if (found == nullptr) {
    std::optional<std::string_view> const meant = closest(key, names);
    std::string const help = meant           ? "; did you mean " + quoted_list({&*meant, 1}) + "?"
                             : names.empty() ? "; no message is known here"
                                             : "; known here: " + quoted_list(names);
    from.fault("unknown message " + quoted_key + help);
    return {nullptr, key};
  }
  if (found->read == nullptr) {
    from.fault("the message " + quoted_key + " cannot be written as JSON: " + std::string(found->full_name) +
               (found->has_form ? " has no default constructor" : " has no form"));
    return {nullptr, key};
  }
  return {found, key};
}

}  // namespace coppice
