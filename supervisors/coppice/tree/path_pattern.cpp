#include <algorithm>
#include <cstddef>

#include <coppice/tree/path_pattern.hpp>

namespace coppice::detail {

namespace {

constexpr std::string_view any_ids = "**";

// The elements of a path or a pattern, one after the other. A value: where matching may have to come back to, a copy is
// kept.
class elements {
 public:
  explicit elements(std::string_view text) : rest_{text} {}

  bool at_end() const { return ended_; }
  std::string_view current() const { return rest_.substr(0, rest_.find('/')); }
  void advance() {
    const std::size_t slash = rest_.find('/');
    ended_ = slash == std::string_view::npos;
    if (!ended_) rest_.remove_prefix(slash + 1);
  }

 private:
  std::string_view rest_;
  bool ended_ = false;
};

bool is_element(std::string_view text) {
  if (text == any_ids) return true;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '*';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed) &&
         text.find(any_ids) == std::string_view::npos;
}

}  // namespace

bool is_pattern(std::string_view text) {
  elements left{text};
  for (; !left.at_end(); left.advance()) {
    if (!is_element(left.current())) return false;
  }
  return true;
}

std::optional<std::string> nearest_pattern(std::string_view text) {
  std::string result;
  for (elements left{text}; !left.at_end(); left.advance()) {
    if (left.current().empty()) continue;
    if (!result.empty()) result += '/';
    for (const char c : left.current()) result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!is_pattern(result)) return std::nullopt;
  return result;
}

bool matches_element(std::string_view element, std::string_view id) {
  // Only the last star ever has to take more: what comes before it was matched by as little as possible.
  std::size_t at = 0;
  std::size_t in_id = 0;
  std::size_t star = std::string_view::npos;
  std::size_t taken = 0;
  while (in_id < id.size()) {
    if (at < element.size() && element[at] == '*') {
      star = at++;
      taken = in_id;
    } else if (at < element.size() && element[at] == id[in_id]) {
      ++at;
      ++in_id;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_id = ++taken;
    } else {
      return false;
    }
  }
  while (at < element.size() && element[at] == '*') ++at;
  return at == element.size();
}

bool matches_pattern(std::string_view pattern, std::string_view path) {
  // The same one level up: only the last `**` ever has to take more.
  elements wanted{pattern};
  elements ids{path};
  std::optional<elements> after_last;
  elements taken = ids;
  while (!ids.at_end()) {
    if (!wanted.at_end() && wanted.current() == any_ids) {
      wanted.advance();
      after_last = wanted;
      taken = ids;
    } else if (!wanted.at_end() && matches_element(wanted.current(), ids.current())) {
      wanted.advance();
      ids.advance();
    } else if (after_last) {
      wanted = *after_last;
      taken.advance();
      ids = taken;
    } else {
      return false;
    }
  }
  while (!wanted.at_end() && wanted.current() == any_ids) wanted.advance();
  return wanted.at_end();
}

bool may_match_below(std::string_view pattern, std::string_view path) {
  elements wanted{pattern};
  for (elements ids{path}; !ids.at_end(); ids.advance(), wanted.advance()) {
    if (wanted.at_end()) return false;
    if (wanted.current() == any_ids) return true;
    if (!matches_element(wanted.current(), ids.current())) return false;
  }
  return !wanted.at_end();
}

}  // namespace coppice::detail
