#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include <coppice/process/suggestion.hpp>
#include <coppice/process/value_form.hpp>

namespace coppice {

value_writer::~value_writer() = default;
value_reader::~value_reader() = default;

namespace {

using kind = value_reader::kind;

// A type that holds itself is read by recursion; input must not choose how deep that goes.
constexpr std::size_t greatest_depth = 64;

template <class Number>
std::string digits(Number value) {
  char text[40];
  return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
}

std::string quoted(std::string_view text) {
  std::string quoted;
  detail::append_quoted(quoted, text);
  return quoted;
}

std::string counted(std::size_t count, std::string_view one) {
  std::string text = digits(count) + " ";
  text += one;
  if (count != 1) text += 's';
  return text;
}

// Long enough to be recognised, short enough for a line. Cut between characters, not inside one of UTF-8.
std::string shortened(std::string_view text) {
  constexpr std::size_t longest = 40;
  if (text.size() <= longest) return quoted(text);
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return quoted(std::string(text.substr(0, end)) + "...");
}

bool refuse(value_reader& from, std::string_view expected) {
  from.fault("expected " + std::string(expected) + "; got " + describe_found(from));
  return false;
}

bool shallow(value_reader& from) {
  if (from.depth() < greatest_depth) return true;
  from.fault("expected at most " + digits(greatest_depth) + " values within one another; got more");
  return false;
}

std::string whole_number(std::string_view least, std::string_view greatest) {
  return "a whole number from " + std::string(least) + " to " + std::string(greatest);
}

std::string did_you_mean(std::string_view word, std::span<std::string_view const> known) {
  std::optional<std::string_view> const meant = closest(word, known);
  return meant ? "; did you mean " + quoted(*meant) + "?" : std::string();
}

std::string listed(std::span<std::string_view const> words, std::string_view conjunction) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && i + 1 < words.size()) text += ", ";
    if (i > 0 && i + 1 == words.size()) text += " " + std::string(conjunction) + " ";
    text += quoted(words[i]);
  }
  return text;
}

}  // namespace

std::string describe_found(value_reader const& found) {
  switch (found.what()) {
    case kind::null: return "null";
    case kind::boolean: return found.as_boolean() ? "true" : "false";
    case kind::integer:
      if (std::int64_t value = 0; found.as_integer(value)) return "the number " + digits(value);
      if (std::uint64_t value = 0; found.as_unsigned_integer(value)) return "the number " + digits(value);
      return "the number " + digits(found.as_number());
    case kind::number: {
      std::string text = digits(found.as_number());
      // So that 5.0 in a file, where 5 was expected, is not answered with "got the number 5".
      if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
      return "the number " + text;
    }
    case kind::string: return "the string " + shortened(found.as_string());
    case kind::array: return found.size() == 0 ? "an empty array" : "an array of " + counted(found.size(), "element");
    case kind::object:
      if (found.size() == 0) return "an empty object";
      if (found.size() == 1) return "an object with the key " + shortened(found.keys().front());
      return "an object of " + counted(found.size(), "key");
  }
  std::abort();
}

namespace detail {

void append_quoted(std::string& text, std::string_view words) {
  constexpr std::string_view hex = "0123456789abcdef";
  text += '"';
  for (char const c : words) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (code < 0x20 || code == 0x7F) {
      text += "\\u00";
      text += hex[code >> 4U];
      text += hex[code & 0xFU];
    } else {
      text += c;
    }
  }
  text += '"';
}

void write_number(value_writer& to, double value) {
  if (std::isfinite(value))
    to.number(value);
  else if (std::isnan(value))
    to.string("nan");
  else
    to.string(value > 0 ? "inf" : "-inf");
}

bool read_boolean(value_reader& from, bool& value) {
  if (from.what() != kind::boolean) return refuse(from, "true or false");
  value = from.as_boolean();
  return true;
}

bool read_integer(value_reader& from, std::int64_t least, std::int64_t greatest, std::int64_t& value) {
  std::int64_t found = 0;
  if (from.what() != kind::integer || !from.as_integer(found) || found < least || found > greatest) {
    return refuse(from, whole_number(digits(least), digits(greatest)));
  }
  value = found;
  return true;
}

bool read_unsigned_integer(value_reader& from, std::uint64_t greatest, std::uint64_t& value) {
  std::uint64_t found = 0;
  if (from.what() != kind::integer || !from.as_unsigned_integer(found) || found > greatest) {
    return refuse(from, whole_number("0", digits(greatest)));
  }
  value = found;
  return true;
}

bool read_number(value_reader& from, double greatest, double& value) {
  if (from.what() == kind::string) {
    std::string_view const text = from.as_string();
    bool const infinite = text == "inf" || text == "-inf";
    if (!infinite && text != "nan") return refuse(from, "a number");
    double const size = infinite ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    value = text.starts_with('-') ? -size : size;
    return true;
  }
  if (from.what() != kind::number && from.what() != kind::integer) return refuse(from, "a number");
  double const found = from.as_number();
  if (std::abs(found) > greatest) return refuse(from, "a number from -" + digits(greatest) + " to " + digits(greatest));
  value = found;
  return true;
}

bool read_string(value_reader& from, std::string& value) {
  if (from.what() != kind::string) return refuse(from, "a string");
  value = from.as_string();
  return true;
}

void write_enumerator(value_writer& to, std::span<enumerator const> known, std::int64_t value) {
  for (enumerator const& each : known) {
    if (each.value == value) return to.string(each.name);
  }
  to.integer(value);
}

bool read_enumerator(value_reader& from, std::span<enumerator const> known, std::int64_t& value) {
  bool const is_string = from.what() == kind::string;
  std::vector<std::string_view> names;
  for (enumerator const& each : known) {
    if (is_string && each.name == from.as_string()) {
      value = each.value;
      return true;
    }
    names.push_back(each.name);
  }
  from.fault("expected " + listed(names, "or") + "; got " + describe_found(from) +
             (is_string ? did_you_mean(from.as_string(), names) : std::string()));
  return false;
}

bool read_fields(value_reader& from, std::string_view type, std::span<value_slot const> slots) {
  auto const names = [&slots] {
    std::vector<std::string_view> all;
    for (value_slot const& slot : slots) all.push_back(slot.name);
    return all;
  };
  if (from.what() != kind::object) {
    std::string_view const keys = slots.size() == 1 ? "the key " : "the keys ";
    return refuse(from,
                  "an object with " + std::string(keys) + listed(names(), "and") + " (" + std::string(type) + ")");
  }
  if (!shallow(from)) return false;
  bool good = true;
  for (std::string_view const key : from.keys()) {
    value_slot const* known = nullptr;
    for (value_slot const& slot : slots) {
      if (slot.name == key) known = &slot;
    }
    if (known != nullptr) {
      good = known->read(*from.find(key), known->place) && good;
      continue;
    }
    std::string const meant = did_you_mean(key, names());
    from.fault("unknown key " + shortened(key) + (meant.empty() ? "; known here: " + listed(names(), "and") : meant));
    good = false;
  }
  return good;
}

bool read_positions(value_reader& from, std::string_view type, std::span<value_slot const> slots) {
  if (from.what() != kind::array || from.size() != slots.size()) {
    std::string expected = "an array of " + counted(slots.size(), "element");
    if (!type.empty()) expected += " (" + std::string(type) + ")";
    return refuse(from, expected);
  }
  if (!shallow(from)) return false;
  bool good = true;
  for (std::size_t i = 0; i < slots.size(); ++i) good = slots[i].read(from.element(i), slots[i].place) && good;
  return good;
}

bool expect_array(value_reader& from) {
  if (from.what() != kind::array) return refuse(from, "an array");
  return shallow(from);
}

bool expect_object(value_reader& from) {
  if (from.what() != kind::object) return refuse(from, "an object");
  return shallow(from);
}

bool expect_array_of(value_reader& from, std::size_t size) {
  if (from.what() == kind::array && from.size() == size) return shallow(from);
  return refuse(from, size == 0 ? "an empty array" : "an array of " + counted(size, "element"));
}

bool expect_nothing(value_reader& from, std::string_view type) {
  bool const container = from.what() == kind::array || from.what() == kind::object;
  if (from.what() == kind::null || (container && from.size() == 0)) return true;
  return refuse(from, "null (" + std::string(type) + " has no fields)");
}

}  // namespace detail
}  // namespace coppice
