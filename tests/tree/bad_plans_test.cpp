#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_plan_file.hpp>

#include "plan_workers.hpp"
#include "temporary_directory.hpp"

// Tests run at the top of the source tree.

namespace {

using namespace coppice;
using namespace coppice::tests;
namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

// As the command prints them, with the bare name of the file.
std::string shown(const fault_list& faults, const std::string& path) {
  std::string text = faults.text();
  const std::string directory = fs::path{path}.parent_path().string() + '/';
  for (std::size_t at = text.find(directory); at != std::string::npos; at = text.find(directory)) {
    text.erase(at, directory.size());
  }
  return text;
}

std::string faults_shown(const std::string& path) {
  const chaos_plan_file read = read_chaos_plan_file(path, plan_tree(), plan_workers());
  CHECK_FALSE(read.plan.has_value());
  return shown(read.faults, path);
}

std::vector<fs::path> files_with(const std::string& extension) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator{"tests/bad_plans"}) {
    if (entry.path().extension() == extension) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace

TEST_SUITE("bad plans") {
  TEST_CASE("every bad plan is answered with exactly the text beside it") {
    const auto plans = files_with(".json");
    CHECK(plans.size() >= 30);
    for (const fs::path& plan : plans) {
      CAPTURE(plan.filename().string());
      CHECK(faults_shown(plan.string()) == contents(fs::path{plan}.replace_extension(".expected")));
    }
  }

  TEST_CASE("every expected text has its plan") {
    for (const fs::path& expected : files_with(".expected")) {
      CAPTURE(expected.filename().string());
      CHECK(fs::exists(fs::path{expected}.replace_extension(".json")));
    }
  }

  TEST_CASE("a file that is missing is named") {
    const temporary_directory directory;
    CHECK(faults_shown(directory.path("missing.json")) ==
          "missing.json: no such file. Check the name and the directory.\n");
  }

  TEST_CASE("a plan of nothing but faults is given up after 100,000 of them") {
    const temporary_directory directory;
    std::string text = R"({"duration_ms": 1, "faults": [0)";
    for (int i = 0; i < 150'000; ++i) text += ",0";
    CHECK(faults_shown(directory.write("zeros.json", text + "]}"))
              .ends_with("zeros.json: and at least 99,900 more faults.\n"));
  }
}

TEST_SUITE("expectations in a file of their own") {
  TEST_CASE("they are an array, as a plan has it") {
    const temporary_directory directory;
    const std::string path = directory.write("expect.json", R"([
        {"call": "root/pool/calc-7", "message": "view", "equals": 150},
        {"call": "root/cache", "message": {"look_up": "a"}, "equals": [1]}])");
    const auto read = read_chaos_expectations_file(path, plan_tree(), plan_workers());
    CHECK(read.faults.text() == "");
    REQUIRE(read.expected.has_value());
    REQUIRE(read.expected->size() == 2);
    CHECK(read.expected->front().path == "root/pool/calc-7");
    CHECK(*read.expected->front().equals == 150);
    CHECK(find_chaos_expectations_faults(path, plan_workers()).text() == "");
  }

  TEST_CASE("all that is wrong is told, and without a tree as much as can be") {
    const temporary_directory directory;
    const auto faults_of = [&directory](const std::string& text) {
      const std::string path = directory.write("expect.json", text);
      const auto read = read_chaos_expectations_file(path, plan_tree(), plan_workers());
      CHECK_FALSE(read.expected.has_value());
      return shown(read.faults, path);
    };
    const std::string several = R"([{"call": "root/stor", "message": "view", "equals": 1}, {"call": "root/store"}, 7])";
    const std::string in_any_tree =
        "expect.json:/1: missing key \"message\". It says what is sent, such as \"message\": {\"add\": 1}, or "
        "\"message\": \"view\" for one without fields.\n"
        "expect.json:/1: missing key \"equals\". It says which answer is right, such as \"equals\": 150.\n"
        "expect.json:/2: expected an object such as {\"call\": \"root/a\", \"message\": \"view\", \"equals\": "
        "150}; got 7.\n";
    CHECK(faults_of(several) ==
          "expect.json:/0/call: the tree has no process \"root/stor\"; did you mean \"root/store\"? There are: root, "
          "root/store, root/cache, root/pool, root/pool/calc-1 to calc-100.\n" +
              in_any_tree);
    const std::string path = directory.path("expect.json");
    CHECK(shown(find_chaos_expectations_faults(path, plan_workers()), path) == in_any_tree);
    CHECK(faults_of("[]") ==
          "expect.json: expected an array of expectations, such as [{\"call\": \"root/a\", \"message\": \"view\", "
          "\"equals\": 150}]; got an empty one. Leave it out for none.\n");
    CHECK(faults_of(R"({"duration_ms": 1, "expect": []})") ==
          "expect.json: expected an array of expectations, such as [{\"call\": \"root/a\", \"message\": \"view\", "
          "\"equals\": 150}]; got a plan. Give the array that is its \"expect\" alone.\n");
    CHECK(faults_of("[").starts_with("expect.json:"));
  }
}

TEST_SUITE("good plans") {
  TEST_CASE("every good plan is read without a fault") {
    std::size_t plans = 0;
    for (const auto& entry : fs::directory_iterator{"tests/good_plans"}) {
      CAPTURE(entry.path().string());
      const chaos_plan_file read = read_chaos_plan_file(entry.path().string(), plan_tree(), plan_workers());
      CHECK(read.plan.has_value());
      CHECK(read.faults.text() == "");
      ++plans;
    }
    CHECK(plans >= 4);
  }
}
