#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/tree_schema.hpp>

#include "checked_tree.hpp"

namespace {

std::string page() {
  std::ifstream file{"docs/reference/tree_file.md", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

TEST_SUITE("reference of the tree file") {
  TEST_CASE("every tree on the page is sound") {
    std::string const text = page();
    std::string_view const fence = "```json\n";
    std::size_t trees = 0;
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
      std::size_t const begin = at + fence.size();
      std::string const tree = text.substr(begin, text.find("```", begin) - begin);
      CAPTURE(tree);
      CHECK(coppice::tests::faults_of_tree(tree) == "");
      ++trees;
    }
    CHECK(trees >= 3);
  }

  TEST_CASE("every key of the schema is on the page") {
    std::string const text = page();
    nlohmann::json const schema = nlohmann::json::parse(coppice::tree_schema());
    nlohmann::json cost;
    for (auto const& way : schema["properties"]["cost"]["anyOf"]) cost.update(way);
    for (auto const& rules : {schema, schema["definitions"]["worker"], schema["definitions"]["supervisor"], cost}) {
      for (auto const& [key, rule] : rules["properties"].items()) {
        CAPTURE(key);
        CHECK(text.find('`' + key + '`') != std::string::npos);
      }
    }
  }
}
