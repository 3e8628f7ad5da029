#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coppice {

namespace detail {

// A return type of `auto` keeps the name of any other type out of the compiler's text of this function. And a namespace
// in which there are no types: g++ leaves out the function's own, and a type of a user's could then be taken for ours.
namespace no_types {

template <class T>
constexpr auto type_name_as_compiled() {
  return std::string_view(__PRETTY_FUNCTION__);
}

}  // namespace no_types

/// What stands before and after the type in the compiler's text, learnt from a type whose name is known.
struct type_name_frame {
  std::size_t before;
  std::size_t after;
};

constexpr type_name_frame find_type_name_frame() {
  constexpr std::string_view known = "double";
  constexpr std::string_view text = no_types::type_name_as_compiled<double>();
  constexpr std::size_t before = text.find(known);
  static_assert(before != std::string_view::npos, "this compiler's __PRETTY_FUNCTION__ does not show the type");
  return {before, text.size() - before - known.size()};
}

template <class T>
constexpr std::string_view raw_type_name() {
  constexpr type_name_frame frame = find_type_name_frame();
  std::string_view text = no_types::type_name_as_compiled<T>();
  text.remove_prefix(frame.before);
  text.remove_suffix(frame.after);
  return text;
}

constexpr bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct type_name_spelling {
  std::string_view compiled;
  std::string_view readable;
  bool needs_word_start;  // Not in the middle of a longer name.
};

// The first that fits counts, so the longer ones come first.
inline constexpr type_name_spelling type_name_spellings[] = {
    {"{anonymous}::", "", false},
    {"(anonymous namespace)::", "", false},
    {"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string", true},
    {"std::__cxx11::basic_string<char>", "std::string", true},
    {"std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string", true},
    {"std::basic_string<char>", "std::string", true},
    {"std::basic_string_view<char, std::char_traits<char> >", "std::string_view", true},
    {"std::basic_string_view<char, std::char_traits<char>>", "std::string_view", true},
    {"std::basic_string_view<char>", "std::string_view", true},
    {"std::__cxx11::", "std::", true},
    {" >", ">", false},
    {" *", "*", false},
    {" [", "[", false},
};

/// Rewrites the compiler's text of a type for people: `std::string` for what a std::string really is, no anonymous
/// namespaces, and a local type without the function that it is local to.
class type_name_tidier {
 public:
  constexpr type_name_tidier(std::string_view raw, char* out) : rest_(raw), out_(out) {}

  constexpr std::size_t run() {
    while (!rest_.empty()) {
      if (!respelled() && !unnamed() && !operator_name() && !scope()) nested(take());
    }
    return size_;
  }

 private:
  // One level of brackets in the text: where its current name began, and whether that name so far holds a function.
  struct level {
    std::size_t start = 0;
    bool in_function = false;
    bool opened_by_lambda = false;
  };

  constexpr char take() {
    char const c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  constexpr void put(std::string_view text) {
    for (char const c : text) out_[size_++] = c;
  }

  constexpr bool at_word_start() const { return size_ == 0 || (!is_word(out_[size_ - 1]) && out_[size_ - 1] != ':'); }

  constexpr bool respelled() {
    for (type_name_spelling const& spelling : type_name_spellings) {
      if (!rest_.starts_with(spelling.compiled) || (spelling.needs_word_start && !at_word_start())) continue;
      rest_.remove_prefix(spelling.compiled.size());
      // Back through the loop where it is a bracket that other rules count.
      if (spelling.readable.size() == 1)
        nested(spelling.readable.front());
      else
        put(spelling.readable);
      return true;
    }
    return false;
  }

  // clang names lambdas and unnamed types by the place in the source file; a message must not carry that about.
  constexpr bool unnamed() {
    bool const lambda = rest_.starts_with("(lambda at ");
    if (!lambda && !rest_.starts_with("(unnamed ") && !rest_.starts_with("(anonymous ")) return false;
    std::size_t const end = rest_.find(')');
    if (end == std::string_view::npos) return false;
    rest_.remove_prefix(end + 1);
    put(lambda ? "<lambda>" : "<unnamed>");
    return true;
  }

  // The `<` of `operator<` opens nothing.
  constexpr bool operator_name() {
    constexpr std::string_view word = "operator";
    if (!rest_.starts_with(word) || rest_.size() == word.size() || is_word(rest_[word.size()])) return false;
    if (size_ != 0 && is_word(out_[size_ - 1])) return false;
    put(word);
    rest_.remove_prefix(word.size());
    if (rest_.starts_with("()")) {
      put("()");
      rest_.remove_prefix(2);
    }
    while (!rest_.empty() && std::string_view("<>=-+*/%^&|~!,[]").find(rest_.front()) != std::string_view::npos) {
      out_[size_++] = take();
    }
    return true;
  }

  constexpr bool scope() {
    if (!rest_.starts_with("::")) return false;
    rest_.remove_prefix(2);
    if (here().in_function) {
      size_ = here().start;
      here().in_function = false;
    } else {
      put("::");
    }
    return true;
  }

  constexpr void nested(char c) {
    bool const starts_a_name = size_ == here().start || out_[size_ - 1] == ':';
    if (c == ')' || c == '>') {
      bool const lambda = here().opened_by_lambda;
      if (depth_ > 0) --depth_;
      if (c == ')' || lambda) here().in_function = true;
    }
    out_[size_++] = c;
    if (c == '(' || c == '<') {
      if (depth_ + 1 < levels_.size()) ++depth_;
      here() = level{size_, false, c == '<' && starts_a_name};
    } else if (c == ',') {
      here().in_function = false;
      if (rest_.starts_with(" ")) out_[size_++] = take();
      here().start = size_;
    }
  }

  constexpr level& here() { return levels_[depth_]; }
  constexpr level const& here() const { return levels_[depth_]; }

  std::string_view rest_;
  char* out_;
  std::size_t size_ = 0;
  std::array<level, 32> levels_{};
  std::size_t depth_ = 0;
};

template <class T>
struct tidy_type_name {
  static constexpr std::size_t room = raw_type_name<T>().size();
  struct text {
    std::array<char, room> characters{};
    std::size_t size = 0;
  };
  static constexpr text value = [] {
    text made;
    made.size = type_name_tidier(raw_type_name<T>(), made.characters.data()).run();
    return made;
  }();
};

constexpr std::string_view without_scopes(std::string_view name) {
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char const c = name[i];
    if (c == '<' || c == '(' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == ']') --depth;
    if (depth == 0 && c == ':' && name.substr(i).starts_with("::")) start = i + 2;
  }
  return name.substr(start);
}

}  // namespace detail

/// The name of a type as a person writes it: `double`, `shop::add`, `std::vector<std::string>`.
///
/// Taken from the compiler's own text, so it costs nothing at run time and needs no RTTI. A type in an anonymous
/// namespace or in a function has its name without that place (`add`). Two such types in different files therefore can
/// share a name: the name is for people and for JSON, not proof that two types are one (`std::type_info` is that).
/// The spelling of built-in types is the compiler's: g++ says `long int` where clang says `long`.
template <class T>
constexpr std::string_view type_name() {
  constexpr auto& text = detail::tidy_type_name<T>::value;
  return {text.characters.data(), text.size};
}

/// The name of a type without namespaces and enclosing classes: `add` for `shop::add`. What stands in angle brackets
/// keeps its full name: `box<shop::add>`.
template <class T>
constexpr std::string_view short_type_name() {
  return detail::without_scopes(type_name<T>());
}

/// The 64-bit FNV-1a hash of a name. The same in every build and on every machine; not meant against ill will.
constexpr std::uint64_t type_hash(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char const c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace coppice
