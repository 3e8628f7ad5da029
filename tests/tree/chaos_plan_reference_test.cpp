#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_schema.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>

#include "plan_workers.hpp"

namespace {

std::string page() {
  std::ifstream file{"docs/reference/chaos_plan.md", std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

// The keys of objects that users write, wherever in the schema they stand.
void check_keys(const nlohmann::json& schema, const std::string& text, std::size_t& keys) {
  if (schema.is_array()) {
    for (const auto& each : schema) check_keys(each, text, keys);
  }
  if (!schema.is_object()) return;
  if (schema.contains("additionalProperties")) {
    for (const auto& [key, rule] : schema["properties"].items()) {
      CAPTURE(key);
      const bool found =
          text.find('`' + key + '`') != std::string::npos || text.find("{\"" + key + "\": ") != std::string::npos;
      CHECK(found);
      ++keys;
    }
  }
  for (const auto& [key, rule] : schema.items()) check_keys(rule, text, keys);
}

}  // namespace

TEST_SUITE("reference of the chaos plan") {
  TEST_CASE("every plan on the page is sound") {
    const std::string text = page();
    const std::string_view fence = "```json\n";
    std::size_t plans = 0;
    for (std::size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
      const std::size_t begin = at + fence.size();
      const std::string plan = text.substr(begin, text.find("```", begin) - begin);
      CAPTURE(plan);
      coppice::fault_list faults{"plan.json"};
      const auto json = coppice::read_json(plan, "a plan", faults);
      REQUIRE(json.has_value());
      coppice::check_chaos_plan(*json, "", coppice::tests::plan_tree(), coppice::tests::plan_workers(), faults);
      CHECK(faults.text() == "");
      ++plans;
    }
    CHECK(plans >= 3);
  }

  TEST_CASE("every key of the schema is on the page") {
    std::size_t keys = 0;
    check_keys(nlohmann::json::parse(coppice::chaos_plan_schema()), page(), keys);
    CHECK(keys > 40);
  }
}
