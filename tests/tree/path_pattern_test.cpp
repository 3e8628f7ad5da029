#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/random.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/tree/path_pattern.hpp>

namespace {

using coppice::detail::is_pattern;
using coppice::detail::matches_pattern;
using coppice::detail::may_match_below;
using coppice::detail::nearest_pattern;

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// What the words say, without any cleverness: too slow for use.
bool element_by_definition(std::string_view element, std::string_view id) {
  if (element.empty()) return id.empty();
  if (element.front() == '*') {
    return element_by_definition(element.substr(1), id) ||
           (!id.empty() && element_by_definition(element, id.substr(1)));
  }
  return !id.empty() && element.front() == id.front() && element_by_definition(element.substr(1), id.substr(1));
}

bool by_definition(const std::vector<std::string>& pattern, std::size_t at, const std::vector<std::string>& path,
                   std::size_t in_path) {
  if (at == pattern.size()) return in_path == path.size();
  if (pattern[at] == "**") {
    return by_definition(pattern, at + 1, path, in_path) ||
           (in_path < path.size() && by_definition(pattern, at, path, in_path + 1));
  }
  return in_path < path.size() && element_by_definition(pattern[at], path[in_path]) &&
         by_definition(pattern, at + 1, path, in_path + 1);
}

std::string drawn(std::initializer_list<std::string_view> parts, std::uint64_t most) {
  const std::vector<std::string_view> all{parts};
  std::string text;
  for (auto left = 1 + coppice::draw_below(most); left > 0; --left) {
    text += (text.empty() ? "" : "/") + std::string{all[coppice::draw_below(all.size())]};
  }
  return text;
}

}  // namespace

TEST_SUITE("path pattern") {
  TEST_CASE("a star stands for any characters of one id") {
    CHECK(matches_pattern("root/pool/*", "root/pool/calc-7"));
    CHECK(matches_pattern("root/pool/calc-*", "root/pool/calc-7"));
    CHECK(matches_pattern("root/*/calc-1", "root/pool/calc-1"));
    CHECK(matches_pattern("root/p*l", "root/pl"));
    CHECK(matches_pattern("root/*oo*", "root/pool"));
    CHECK_FALSE(matches_pattern("root/pool/*", "root/pool"));
    CHECK_FALSE(matches_pattern("root/pool/*", "root/pool/inner/calc"));
    CHECK_FALSE(matches_pattern("root/*", "root/pool/calc"));
    CHECK_FALSE(matches_pattern("root/*x", "root/pool"));
  }

  TEST_CASE("two stars stand for any number of ids, also for none") {
    CHECK(matches_pattern("**", "root"));
    CHECK(matches_pattern("**", "root/pool/calc-1"));
    CHECK(matches_pattern("root/pool/**", "root/pool"));
    CHECK(matches_pattern("root/pool/**", "root/pool/inner/calc-1"));
    CHECK(matches_pattern("root/**/calc-1", "root/calc-1"));
    CHECK(matches_pattern("root/**/calc-1", "root/a/b/calc-1"));
    CHECK(matches_pattern("root/**/a/**/b", "root/a/x/a/b"));
    CHECK(matches_pattern("**/*", "root"));
    CHECK_FALSE(matches_pattern("root/pool/*/**", "root/pool"));
    CHECK_FALSE(matches_pattern("root/**/calc-1", "root/a/calc-2"));
    CHECK_FALSE(matches_pattern("root/**", "tree/a"));
  }

  TEST_CASE("without stars it is one path, and an id is never matched by its beginning") {
    CHECK(matches_pattern("root/a", "root/a"));
    CHECK_FALSE(matches_pattern("root/a", "root/ab"));
    CHECK_FALSE(matches_pattern("root/ab", "root/a"));
    CHECK_FALSE(matches_pattern("root/a", "root"));
    CHECK_FALSE(matches_pattern("root", "root/a"));
  }

  TEST_CASE("it matches what the words say, whatever stars are where") {
    coppice::simulation{7}.run([] {
      std::size_t matched = 0;
      for (int i = 0; i < 20'000; ++i) {
        const std::string pattern = drawn({"a", "ab", "*", "**", "a*", "*b", "a*b*a", "*a*"}, 6);
        const std::string path = drawn({"a", "b", "ab", "aba", "abba"}, 7);
        CAPTURE(pattern);
        CAPTURE(path);
        const bool expected = by_definition(split(pattern), 0, split(path), 0);
        CHECK(matches_pattern(pattern, path) == expected);
        matched += expected ? 1 : 0;
      }
      CHECK(matched > 1'000);
    });
  }

  TEST_CASE("whether something below may match is never denied wrongly") {
    coppice::simulation{8}.run([] {
      std::size_t denied = 0;
      for (int i = 0; i < 20'000; ++i) {
        const std::string pattern = drawn({"a", "ab", "*", "**", "a*", "*b"}, 5);
        const std::string above = drawn({"a", "b", "ab"}, 4);
        const std::string path = above + '/' + drawn({"a", "b", "ab"}, 3);
        CAPTURE(pattern);
        CAPTURE(path);
        if (may_match_below(pattern, above)) continue;
        ++denied;
        CHECK_FALSE(matches_pattern(pattern, path));
      }
      CHECK(denied > 1'000);
    });
  }

  TEST_CASE("many stars before what does not match take no time") {
    std::string pattern = "root";
    std::string path = "root";
    for (int i = 0; i < 120; ++i) {
      pattern += "/**/*a*a*a*a*a*a*b";
      path += "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    }
    CHECK_FALSE(matches_pattern(pattern, path));
    CHECK_FALSE(matches_pattern(pattern + "/x", path));
  }

  TEST_CASE("what no path can be is no pattern, and what was meant is found where it is clear") {
    CHECK(is_pattern("root/pool/calc-1"));
    CHECK(is_pattern("**/*-7"));
    CHECK_FALSE(is_pattern(""));
    CHECK_FALSE(is_pattern("root//a"));
    CHECK_FALSE(is_pattern("root/"));
    CHECK_FALSE(is_pattern("root/a**"));
    CHECK_FALSE(is_pattern("root/***"));
    CHECK_FALSE(is_pattern("root/A"));
    CHECK_FALSE(is_pattern("root/a?"));
    CHECK(nearest_pattern("/Root//pool/") == "root/pool");
    CHECK_FALSE(nearest_pattern("root/a?").has_value());
    CHECK_FALSE(nearest_pattern("//").has_value());
  }
}
