#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <coppice/command/help_pages.hpp>

namespace {

using namespace coppice::command;

std::string content_of(const char* path) {
  std::ifstream file{path};
  REQUIRE_MESSAGE(file, path);
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::set<std::string> options_in(std::string text) {
  static const std::regex option{"--[a-z]+(-[a-z]+)*"};
  // A man page writes each hyphen as `\-`.
  for (auto at = text.find("\\-"); at != std::string::npos; at = text.find("\\-", at)) text.erase(at, 1);
  return {std::sregex_token_iterator{text.begin(), text.end(), option}, {}};
}

}  // namespace

TEST_SUITE("documentation of the command") {
  TEST_CASE("man page, completion and reference know the options that the help knows, and no others") {
    std::string pages;
    for (const auto each : {help::overview, help::run, help::check, help::graph, help::schema, help::chaos})
      pages += each;
    const auto options = options_in(pages);
    CHECK(options.size() == 22);
    CHECK(options_in(content_of("supervisors/coppice/command/coppice.1")) == options);
    CHECK(options_in(content_of("supervisors/coppice/command/coppice.bash")) == options);
    CHECK(options_in(content_of("docs/reference/command.md")) == options);
  }
}
