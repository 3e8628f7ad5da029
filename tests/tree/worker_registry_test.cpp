#include <cstdint>
#include <stdexcept>
#include <string>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/worker_registry.hpp>

#include "process/process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using nlohmann::json;

namespace worker_registry_test {

struct show {
  using reply = std::string;
};

struct label {
  std::string text = "none";
  std::int64_t copies = 1;
};
BOOST_DESCRIBE_STRUCT(label, (), (text, copies))

class labelled : public server<labelled, show> {
 public:
  using args = label;

  static void check(const args& given, std::vector<arg_fault>& faults) {
    if (given.copies > 3) faults.push_back({"/copies", "expected at most 3; got " + std::to_string(given.copies)});
  }

  explicit labelled(args given) : given_{std::move(given)} {}

  std::string handle(show /*asked*/) const {
    std::string all;
    for (std::int64_t i = 0; i < given_.copies; ++i) all += given_.text;
    return all;
  }

 private:
  args given_;
};

class plain : public server<plain, show> {
 public:
  std::string handle(show /*asked*/) const { return "plain"; }
};

}  // namespace worker_registry_test

namespace {

using worker_registry_test::labelled;
using worker_registry_test::plain;
using worker_registry_test::show;

worker_registry both() {
  worker_registry made;
  made.add<plain>("plain");
  made.add<labelled>("labelled");
  return made;
}

std::vector<std::string> faults_of(std::string_view name, const json& args) {
  std::vector<arg_fault> faults;
  both().check_args(name, args, faults);
  std::vector<std::string> told;
  for (const auto& each : faults) told.push_back(each.pointer);
  return told;
}

}  // namespace

TEST_SUITE("worker_registry") {
  TEST_CASE("workers are found by name, and listed in order") {
    const worker_registry workers = both();
    CHECK(workers.names() == std::vector<std::string_view>{"labelled", "plain"});
    CHECK(workers.knows("plain"));
    CHECK_FALSE(workers.knows("plane"));
    CHECK(workers.find("plane") == nullptr);
    CHECK(workers.find("plain")->handlers.size() == 1);
  }

  TEST_CASE("a name that is taken or no identifier is refused, and nothing changes") {
    worker_registry workers = both();
    for (const std::string name : {"plain", "", "Plain", "1st", "a-b", "a b", "a/b", "undefinéd"}) {
      CHECK_THROWS_AS(workers.add<labelled>(name), std::invalid_argument);
    }
    CHECK(workers.names().size() == 2);
    CHECK_THROWS_WITH_AS(workers.add<labelled>("plain"),
                         "coppice: a worker named \"plain\" is registered already; choose another name",
                         std::invalid_argument);
  }

  TEST_CASE("a worker without a start function is refused") {
    worker_registry workers;
    CHECK_THROWS_AS(workers.add("empty", worker{}), std::invalid_argument);
  }

  TEST_CASE("args are checked as the worker's struct says, all faults at once") {
    CHECK(faults_of("labelled", json::object()).empty());
    CHECK(faults_of("labelled", {{"text", "x"}, {"copies", 2}}).empty());
    CHECK(faults_of("labelled", {{"copies", "two"}}) == std::vector<std::string>{"/copies"});
    CHECK(faults_of("labelled", {{"text", 1}, {"copies", 1.5}}).size() == 2);
    CHECK(faults_of("labelled", {{"kopies", 2}}).size() == 1);
    CHECK(faults_of("labelled", json::array({1, 2})).size() == 1);
    CHECK(faults_of("labelled", nullptr).size() <= 1);
  }

  TEST_CASE("a worker's own check comes after that of the types") {
    CHECK(faults_of("labelled", {{"copies", 4}}) == std::vector<std::string>{"/copies"});
    CHECK(faults_of("labelled", {{"copies", 4}, {"text", false}}) == std::vector<std::string>{"/text"});
  }

  TEST_CASE("a worker without args takes an empty object only") {
    CHECK(faults_of("plain", json::object()).empty());
    CHECK(faults_of("plain", {{"text", "x"}}).size() == 1);
    CHECK(faults_of("plain", 42).size() == 1);
  }

  TEST_CASE("args of a worker that is not registered are nobody's fault here") {
    CHECK(faults_of("plane", 42).empty());
  }

  TEST_CASE("a worker is started with its args, linked, under its name") {
    in_virtual_time([] {
      const worker_registry workers = both();
      const start_result started =
          workers.find("labelled")->start({{"text", "ab"}, {"copies", 3}}, {.name = "the_label"});
      REQUIRE(started);
      CHECK(call("the_label", show{}) == "ababab");
      CHECK(call(workers.find("plain")->start(json::object(), {}).process(), show{}) == "plain");
      CHECK(workers.find("plain")->start(json::object(), {.name = "the_label"}).process() == started.process());
    });
  }
}
