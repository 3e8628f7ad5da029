#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <coppice/tree/tree_schema.hpp>

namespace {

namespace fs = std::filesystem;

class schema {
 public:
  schema() {
    nlohmann::json const text = nlohmann::json::parse(coppice::tree_schema());
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
constexpr std::array<std::string_view, 13> beyond_a_schema{
    "args_beyond_64_bits", "args_of_worker",        "duplicate_id",           "duplicate_id_of_replicas",
    "duplicate_key",       "duplicate_key_in_args", "duplicate_key_on_lines", "duplicate_name",
    "nested_children",     "nul_byte_at_the_end",   "nested_in_args",         "too_many_processes",
    "unknown_worker",
};

}  // namespace

TEST_SUITE("tree schema") {
  TEST_CASE("it accepts every good tree") {
    schema one;
    for (auto const& entry : fs::directory_iterator{"tests/good_trees"}) {
      CAPTURE(entry.path().string());
      CHECK(one.accepts(json_of(entry.path())));
    }
  }

  TEST_CASE("it rejects every bad tree of a kind that a schema can express") {
    schema one;
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
