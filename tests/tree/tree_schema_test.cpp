#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_schema.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/tree_schema.hpp>

#include "plan_workers.hpp"

namespace {

namespace fs = std::filesystem;

class schema {
 public:
  explicit schema(std::string const& of) {
    nlohmann::json const text = nlohmann::json::parse(of);
    valijson::adapters::NlohmannJsonAdapter const adapter{text};
    valijson::SchemaParser parser{valijson::SchemaParser::kDraft7};
    parser.populateSchema(adapter, schema_);
  }

  bool accepts(nlohmann::json const& value) {
    valijson::Validator validator;
    return validator.validate(schema_, valijson::adapters::NlohmannJsonAdapter{value}, nullptr);
  }

 private:
  valijson::Schema schema_;
};

// The JSON of a file; discarded where it is none.
nlohmann::json json_of(fs::path const& path) {
  std::ifstream file{path, std::ios::binary};
  std::string const text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  return nlohmann::json::parse(text, nullptr, false);
}

// Bad trees whose faults no schema can express: what concerns several places at once, the workers of the program, the
// text of the file, or numbers that JSON Schema takes for whole.
constexpr std::array<std::string_view, 14> beyond_a_schema{
    "args_beyond_64_bits",    "args_of_worker",
    "duplicate_id",           "duplicate_id_of_replicas",
    "duplicate_key",          "duplicate_key_in_args",
    "duplicate_key_on_lines", "duplicate_name",
    "nested_children",        "nul_byte_at_the_end",
    "nested_in_args",         "too_many_processes",
    "unknown_worker",         "chaos_of_workers_in_a_tree_without",
};

// The same for plans: whom patterns match, messages and answers, names and sums of phases, and that anything is done.
constexpr std::array<std::string_view, 5> beyond_a_plan_schema{
    "duplicate_key", "duration_of_all_phases", "nobody_left", "phases_of_rest_only", "victims_not_there",
};

// The parts of a bad plan, each in a plan that is sound apart from it: a file with many faults says little about each.
std::vector<nlohmann::json> parts_of(nlohmann::json const& plan) {
  std::vector<nlohmann::json> parts;
  if (!plan.is_object()) return parts;
  auto const sound = [] {
    return nlohmann::json{{"duration_ms", 1000}, {"load", {{{"call", "root/store"}, {"message", "view"}}}}};
  };
  for (auto const& [key, value] : plan.items()) {
    if (!value.is_structured() || value.empty()) {
      parts.push_back(sound());
      parts.back()[key] = value;
      continue;
    }
    for (auto const& [place, part] : value.items()) {
      parts.push_back(sound());
      if (value.is_array()) {
        if (key == "phases") parts.back().erase("duration_ms");
        parts.back()[key] = nlohmann::json::array({part});
      } else {
        parts.back()[key] = {{place, part}};
      }
    }
  }
  return parts;
}

// What the checker says to it, one fault a line.
std::string faults_of(nlohmann::json const& plan) {
  coppice::fault_list faults{"plan.json"};
  auto const read = coppice::read_json(plan.dump(), "a plan", faults);
  if (read) coppice::check_chaos_plan(*read, "", coppice::tests::plan_tree(), coppice::tests::plan_workers(), faults);
  return faults.text();
}

// By what a fault that no schema can express is known.
constexpr std::array<std::string_view, 15> inexpressible{
    "the tree has no ", "nobody is left",  "no worker is at",        "no supervisor is at", "is a supervisor;",
    "(calc):",          "(cache):",        "one kind at most",       "got the kind",        "Erlang's notation",
    "NUL characters",   "expected a path", "digits after the point", "control characters",  "fits into 64 bits",
};

bool is_inexpressible(std::string_view faults) {
  return std::any_of(inexpressible.begin(), inexpressible.end(),
                     [faults](std::string_view words) { return faults.find(words) != std::string_view::npos; });
}

// Every object of a schema that describes a key.
void for_each_key(nlohmann::json const& schema, auto const& look) {
  if (schema.is_object() && schema.contains("properties") && schema["properties"].is_object()) {
    for (auto const& [key, rule] : schema["properties"].items()) look(key, rule);
  }
}

}  // namespace

TEST_SUITE("tree schema") {
  TEST_CASE("it accepts every good tree") {
    schema one{coppice::tree_schema()};
    for (auto const& entry : fs::directory_iterator{"tests/good_trees"}) {
      CAPTURE(entry.path().string());
      CHECK(one.accepts(json_of(entry.path())));
    }
  }

  TEST_CASE("it rejects every bad tree of a kind that a schema can express") {
    schema one{coppice::tree_schema()};
    std::size_t rejected = 0;
    for (auto const& entry : fs::directory_iterator{"tests/bad_trees"}) {
      if (entry.path().extension() != ".json") continue;
      std::string const name = entry.path().stem().string();
      CAPTURE(name);
      nlohmann::json const value = json_of(entry.path());
      if (value.is_discarded()) continue;
      bool const beyond = std::find(beyond_a_schema.begin(), beyond_a_schema.end(), name) != beyond_a_schema.end();
      CHECK(one.accepts(value) == beyond);
      rejected += beyond ? 0 : 1;
    }
    CHECK(rejected >= 30);
  }

  TEST_CASE("every key of a child and of a plan has a title and a description") {
    for (std::string const& text : {coppice::tree_schema(), coppice::chaos_plan_schema()}) {
      nlohmann::json const all = nlohmann::json::parse(text);
      std::size_t keys = 0;
      auto const look = [&keys](std::string const& key, nlohmann::json const& rule) {
        CAPTURE(key);
        CHECK(rule.contains("title"));
        CHECK(rule.contains("description"));
        ++keys;
      };
      for_each_key(all, look);
      for (auto const& [name, definition] : all["definitions"].items()) {
        CAPTURE(name);
        for_each_key(definition, look);
        for (auto const& way : definition.value("anyOf", nlohmann::json::array())) for_each_key(way, look);
      }
      CHECK(keys > 40);
    }
  }

  TEST_CASE("a plan means the same in a tree file and in a file of its own") {
    nlohmann::json const tree = nlohmann::json::parse(coppice::tree_schema());
    nlohmann::json plan = nlohmann::json::parse(coppice::chaos_plan_schema());
    for (auto const& [name, definition] : plan["definitions"].items()) {
      CAPTURE(name);
      CHECK(tree["definitions"][name] == definition);
    }
    plan.erase("definitions");
    plan.erase("$schema");
    plan["properties"].erase("$schema");
    CHECK(tree["definitions"]["chaos_plan"] == plan);
  }

  TEST_CASE("the schema of plans accepts every good plan") {
    schema one{coppice::chaos_plan_schema()};
    for (auto const& entry : fs::directory_iterator{"tests/good_plans"}) {
      CAPTURE(entry.path().string());
      CHECK(one.accepts(json_of(entry.path())));
    }
  }

  TEST_CASE("the schema of plans rejects every bad plan of a kind that a schema can express") {
    schema one{coppice::chaos_plan_schema()};
    std::size_t rejected = 0;
    for (auto const& entry : fs::directory_iterator{"tests/bad_plans"}) {
      if (entry.path().extension() != ".json") continue;
      std::string const name = entry.path().stem().string();
      CAPTURE(name);
      nlohmann::json const value = json_of(entry.path());
      if (value.is_discarded()) continue;
      bool const beyond =
          std::find(beyond_a_plan_schema.begin(), beyond_a_plan_schema.end(), name) != beyond_a_plan_schema.end();
      CHECK(one.accepts(value) == beyond);
      rejected += beyond ? 0 : 1;
    }
    CHECK(rejected >= 20);
  }

  TEST_CASE("the schema of plans and the checker agree on each part of every bad plan") {
    schema one{coppice::chaos_plan_schema()};
    std::size_t agreed = 0;
    for (auto const& entry : fs::directory_iterator{"tests/bad_plans"}) {
      if (entry.path().extension() != ".json") continue;
      nlohmann::json const value = json_of(entry.path());
      if (value.is_discarded()) continue;
      for (nlohmann::json const& part : parts_of(value)) {
        std::string const faults = faults_of(part);
        CAPTURE(part.dump());
        CAPTURE(faults);
        if (is_inexpressible(faults)) continue;
        CHECK(one.accepts(part) == faults.empty());
        ++agreed;
      }
    }
    CHECK(agreed > 100);
  }

  TEST_CASE("every key has a title and a description, and every key with a default says it") {
    nlohmann::json const all = nlohmann::json::parse(coppice::tree_schema());
    for (nlohmann::json const& place : {all, all["definitions"]["worker"], all["definitions"]["supervisor"]}) {
      for (auto const& [key, rule] : place["properties"].items()) {
        CAPTURE(key);
        CHECK(rule.contains("title"));
        CHECK(rule.contains("description"));
      }
    }
    nlohmann::json const& worker = all["definitions"]["worker"]["properties"];
    nlohmann::json const& supervisor = all["definitions"]["supervisor"]["properties"];
    CHECK(worker["shutdown"]["default"] == 5000);
    CHECK(supervisor["shutdown"]["default"] == "infinity");
    CHECK(worker["restart"]["default"] == "permanent");
    CHECK(supervisor["max_restarts"]["default"] == 1);
    CHECK(supervisor["max_seconds"]["default"] == 5);
    CHECK(supervisor["strategy"]["default"] == "one_for_one");
    CHECK(supervisor["auto_shutdown"]["default"] == "never");
  }
}
