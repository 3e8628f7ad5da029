#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/script_file.hpp>

#include "fake_catalogue.hpp"
#include "temporary_directory.hpp"

using namespace coppice;
using namespace coppice::tests;
using namespace std::chrono_literals;

namespace {

std::vector<script_step> steps_of(std::string_view text) {
  fault_list faults{"s"};
  auto const json = read_json(text, "a script", faults);
  REQUIRE_MESSAGE(json.has_value(), faults.text());
  auto steps = check_script(*json, fake_catalogue{}, faults);
  REQUIRE_MESSAGE(steps.has_value(), faults.text());
  return std::move(*steps);
}

std::string faults_of(std::string_view text) {
  fault_list faults{"s"};
  auto const json = read_json(text, "a script", faults);
  REQUIRE_MESSAGE(json.has_value(), faults.text());
  CHECK_FALSE(check_script(*json, fake_catalogue{}, faults).has_value());
  faults.sort_by_offset();
  return faults.text();
}

template <class Step>
Step const& as(script_step const& one) {
  REQUIRE(std::holds_alternative<Step>(one.action));
  return std::get<Step>(one.action);
}

}  // namespace

TEST_SUITE("script file") {
  TEST_CASE("each step of the contract is read") {
    auto const steps = steps_of(R"([
      {"do": "exit", "target": "root/a", "reason": "kill"},
      {"do": "crash", "target": "root/s1/calc-12", "reason": "{shutdown,x}"},
      {"do": "send", "target": "root/a", "message": {"add": 20.5}},
      {"do": "view", "target": "root"},
      {"do": "terminate_child", "supervisor": "root", "id": "a"},
      {"do": "restart_child", "supervisor": "root", "id": "calc-2"},
      {"do": "delete_child", "supervisor": "root/s1", "id": "b"},
      {"do": "start_child", "supervisor": "root", "spec": {"id": "c", "start": "calc", "restart": "temporary"}},
      {"do": "which_children", "supervisor": "root"},
      {"do": "count_children", "supervisor": "root"},
      {"do": "fail_next_starts", "target": "root/a", "count": 0},
      {"do": "advance", "ms": 6000}
    ])");
    REQUIRE(steps.size() == 12);
    CHECK(as<step::exit>(steps[0]).target == "root/a");
    CHECK(as<step::exit>(steps[0]).reason == "kill");
    CHECK(as<step::crash>(steps[1]).target == "root/s1/calc-12");
    CHECK(as<step::crash>(steps[1]).reason == "{shutdown,x}");
    CHECK(as<step::send>(steps[2]).message->dump() == R"({"add":20.5})");
    CHECK(as<step::view>(steps[3]).target == "root");
    CHECK(as<step::terminate_child>(steps[4]).id == "a");
    CHECK(as<step::restart_child>(steps[5]).id == "calc-2");
    CHECK(as<step::delete_child>(steps[6]).supervisor == "root/s1");
    CHECK(as<step::start_child>(steps[7]).spec.restart() == restart_type::temporary);
    CHECK_FALSE(as<step::start_child>(steps[7]).bad_combination);
    CHECK(as<step::which_children>(steps[8]).supervisor == "root");
    CHECK(as<step::count_children>(steps[9]).supervisor == "root");
    CHECK(as<step::fail_next_starts>(steps[10]).count == 0);
    CHECK(as<step::advance>(steps[11]).time == 6000ms);
    CHECK(steps[11].pointer == "/11");
    CHECK(name_of(steps[0].action) == "exit");
    CHECK(name_of(steps[10].action) == "fail_next_starts");
    CHECK(name_of(steps[11].action) == "advance");
  }

  TEST_CASE("a script without steps is a script") {
    CHECK(steps_of("[]").empty());
  }

  TEST_CASE("a forbidden significant in start_child is left to the run") {
    auto const steps = steps_of(R"([{"do": "start_child", "supervisor": "root",
      "spec": {"id": "c", "start": "calc", "restart": "permanent", "significant": true}}])");
    CHECK(as<step::start_child>(steps[0]).bad_combination);
    CHECK(as<step::start_child>(steps[0]).spec.significant());
  }

  TEST_CASE("every fault of a step says its number and its place") {
    struct sample {
      std::string_view script;
      std::string_view faults;
    };
    for (
        auto const& [script, faults] : {
            sample{"{}",
                   "s: expected an array of steps, such as [{\"do\": \"view\", \"target\": \"root/a\"}]; got an "
                   "object. Put the step "
                   "into brackets.\n"},
            sample{"[5]",
                   "s:/0: step 1: expected an object such as {\"do\": \"view\", \"target\": \"root/a\"}; got 5. Write "
                   "it in braces.\n"},
            sample{R"([{"do": "view"}])",
                   "s:/0: step 1: missing key \"target\". view needs it, such as \"target\": \"root/a\".\n"},
            sample{R"([{"do": "view", "target": "root", "reason": "x"}])",
                   "s:/0: step 1: unknown key \"reason\". Known: do, target.\n"},
            sample{R"([{"do": "exit", "target": "root", "raeson": "x"}])",
                   "s:/0: step 1: missing key \"reason\". exit needs it, such as \"reason\": \"boom\".\n"
                   "s:/0: step 1: unknown key \"raeson\"; did you mean \"reason\"?\n"},
            sample{R"([{"do": "view", "target": "root//a"}])",
                   "s:/0/target: step 1: expected a path, the ids from the root on joined by \"/\", such as "
                   "\"root/s1/a\" or "
                   "\"root/calc-2\"; got the string \"root//a\".\n"},
            sample{R"([{"do": "view", "target": "root/"}])",
                   "s:/0/target: step 1: expected a path, the ids from the root on joined by \"/\", such as "
                   "\"root/s1/a\" or "
                   "\"root/calc-2\"; got the string \"root/\". Write \"root\".\n"},
            sample{R"([{"do": "advance", "ms": -1}])",
                   "s:/0/ms: step 1: expected milliseconds (a whole number from 0 to 1,000,000,000,000); got -1. For "
                   "five seconds write "
                   "5000.\n"},
            sample{R"([{"do": "fail_next_starts", "target": "root/a", "count": -1}])",
                   "s:/0/count: step 1: expected a whole number from 0 to 1,000,000,000; got -1. Write 0 to let starts "
                   "succeed again.\n"},
            sample{
                R"([{"do": "crash", "target": "root/a", "reason": 7}])",
                "s:/0/reason: step 1: expected an exit reason in Erlang's notation without blanks, such as \"boom\" or "
                "\"{shutdown,x}\"; got 7. Write it as a string.\n"},
            sample{
                R"([{"do": "crash", "target": "root/a", "reason": "{shutdown, x}"}])",
                "s:/0/reason: step 1: expected an exit reason in Erlang's notation without blanks, such as \"boom\" or "
                "\"{shutdown,x}\"; got the string \"{shutdown, x}\". Write \"{shutdown,x}\".\n"},
            sample{R"([{"do": "send", "target": "root/a", "message": {"add": 1, "sub": 2}}])",
                   "s:/0/message: step 1: expected one message, an object with its name as the only key, such as "
                   "{\"add\": 20}; got an "
                   "object with 2 keys. Write a step for each.\n"},
            sample{R"([{"do": "delete_child", "supervisor": "root", "id": "root/a"}])",
                   "s:/0/id: step 1: expected the id of a child, such as \"a\" or \"calc-2\"; got the string "
                   "\"root/a\". The way to it goes "
                   "into \"supervisor\".\n"},
            sample{
                R"([{"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "calc", "shutdown": "5s"}}])",
                "s:/0/spec/shutdown: step 1: expected milliseconds (a whole number, 0 or more), \"brutal_kill\" or "
                "\"infinity\"; got the "
                "string \"5s\". For five seconds write 5000.\n"},
        }) {
      CAPTURE(script);
      CHECK(faults_of(script) == faults);
    }
  }

  TEST_CASE("an unknown step is answered with the nearest one") {
    CHECK(faults_of(R"([{"do": "advance", "ms": 1}, {"do": "delete_chlid", "supervisor": "root", "id": "a"}])")
              .ends_with("got the string \"delete_chlid\"; did you mean \"delete_child\"?\n"));
    CHECK(faults_of(R"([{"do": "sleep"}])").ends_with("got the string \"sleep\". Write one of these.\n"));
    CHECK(faults_of(R"([{"Do": "view"}])")
              .starts_with("s:/0: step 1: missing key \"do\". It says what the step does: \"exit\", "));
  }

  TEST_CASE("all faults of a script are found at once, in its order") {
    std::string const text = faults_of(R"([{"do": "view"}, 1, {"do": "advance", "ms": 1}, {"do": "advance"}])");
    CHECK(text.find("/0: step 1") < text.find("/1: step 2"));
    CHECK(text.find("/1: step 2") < text.find("/3: step 4"));
    CHECK(text.find("/2") == std::string::npos);
  }

  TEST_CASE("a script file is read as carefully as a tree file") {
    temporary_directory const directory;
    fake_catalogue const workers;
    auto const good = read_script_file(directory.write("good.json", R"([{"do": "advance", "ms": 1}])"), workers);
    REQUIRE(good.steps.has_value());
    CHECK(good.steps->size() == 1);
    auto const empty = read_script_file(directory.write("empty.json", ""), workers);
    CHECK(empty.faults.text().ends_with(
        "empty.json: the file is empty; expected a script, such as [{\"do\": \"advance\", \"ms\": 1000}].\n"));
    auto const twice =
        read_script_file(directory.write("twice.json", R"([{"do": "advance", "ms": 1, "ms": 2}])"), workers);
    CHECK_FALSE(twice.steps.has_value());
    CHECK(twice.faults.text().find(":/0: the key \"ms\" stands twice") != std::string::npos);
    CHECK_FALSE(read_script_file(directory.path("missing.json"), workers).steps.has_value());
  }
}
