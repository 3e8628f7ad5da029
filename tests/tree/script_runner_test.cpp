#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/script_file.hpp>
#include <coppice/tree/script_runner.hpp>
#include <coppice/tree/tree_checker.hpp>

#include "process/process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using nlohmann::json;

namespace script_runner_test {

struct view {
  using reply = double;
};
struct add {
  double value = 0;
};
struct hang {};

class sum : public server<sum, view, add, hang> {
 public:
  double handle(view /*asked*/) const { return value_; }
  void handle(add by) {
    if (by.value < 0) throw error{"badarith"};
    value_ += by.value;
  }
  void handle(hang /*told*/) {
    receive([](hang) {});  // a message that a script cannot send to a server that does not handle any
  }

 private:
  double value_ = 0;
};

struct ask {
  std::int64_t number = 0;
};

// Has no `view`.
class mute : public server<mute, ask> {
 public:
  void handle(ask /*asked*/) {}
};

}  // namespace script_runner_test

namespace {

using texts = std::vector<std::string>;

const worker_registry& workers() {
  static const worker_registry made = [] {
    worker_registry one;
    one.add<script_runner_test::sum>("sum");
    one.add<script_runner_test::mute>("mute");
    return one;
  }();
  return made;
}

constexpr std::string_view two_sums = R"({"id": "root", "max_restarts": 2, "children": [
    {"id": "a", "start": "sum"}, {"id": "b", "start": "sum", "restart": "temporary"}, {"id": "m", "start": "mute"}]})";

supervisor_spec tree_of(std::string_view text) {
  fault_list faults{"tree.json"};
  const auto read = read_json(text, "a tree", faults);
  REQUIRE_MESSAGE(read.has_value(), faults.text());
  auto tree = check_tree(*read, workers(), faults);
  REQUIRE_MESSAGE(tree.has_value(), faults.text());
  return std::move(*tree);
}

std::vector<script_step> steps_of(std::string_view text) {
  fault_list faults{"script.json"};
  const auto read = read_json(text, "a script", faults);
  REQUIRE_MESSAGE(read.has_value(), faults.text());
  auto steps = check_script(*read, workers(), faults);
  REQUIRE_MESSAGE(steps.has_value(), faults.text());
  return std::move(*steps);
}

// One line of a trace in short: `started root/a 1`, `exited root/a 1 boom`, `result 2 running`, `idle 2 root:1
// root/a:2`.
std::string in_short(const json& line) {
  std::string told = line.at("event");
  const auto text_of = [](const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
  for (const char* key : {"step", "path", "incarnation", "reason", "error", "value"}) {
    if (line.contains(key) && !(key == std::string_view{"reason"} && line.contains("error")))
      told += " " + text_of(line[key]);
  }
  if (line.contains("alive")) {
    for (const auto& [path, incarnation] : line["alive"].items()) told += " " + path + ":" + incarnation.dump();
  }
  return told;
}

struct outcome {
  texts trace;
  std::string failure;
};

outcome run_of(std::string_view tree, std::string_view script) {
  const captured_log log;
  outcome what;
  what.failure = run_script(tree_of(tree), steps_of(script), workers(), [&what](std::string_view line) {
    what.trace.push_back(in_short(json::parse(line)));
    return true;
  });
  return what;
}

std::string all(const texts& lines) {
  std::string joined;
  for (const auto& each : lines) joined += each + "\n";
  return joined;
}

// The lines of one step: after the `idle` before it, up to its own.
texts step_of(const texts& trace, int step) {
  texts found;
  const std::string end = "idle " + std::to_string(step) + " ";
  for (const auto& line : trace) {
    if (line.starts_with(end) || line == "idle " + std::to_string(step)) return found;
    if (line.starts_with("idle ")) {
      found.clear();
    } else {
      found.push_back(line);
    }
  }
  return {"step " + std::to_string(step) + " is not there"};
}

}  // namespace

TEST_SUITE("script_runner") {
  TEST_CASE("a run without steps starts the tree, tells who lives, and shuts it down") {
    const auto [trace, failure] = run_of(two_sums, "[]");
    CHECK(failure == "");
    CHECK(all(trace) ==
          all({"started root/a 1", "started root/b 1", "started root/m 1", "started root 1",
               "idle 0 root:1 root/a:1 root/b:1 root/m:1", "exited root/m 1 shutdown", "exited root/b 1 shutdown",
               "exited root/a 1 shutdown", "exited root 1 shutdown", "done"}));
  }

  TEST_CASE("each step tells its events, then its result, then who lives") {
    const auto [trace, failure] = run_of(two_sums, R"([
        {"do": "send", "target": "root/a", "message": {"add": 5}},
        {"do": "view", "target": "root/a"},
        {"do": "send", "target": "root/a", "message": {"add": -1}},
        {"do": "view", "target": "root/a"},
        {"do": "exit", "target": "root/a", "reason": "kill"},
        {"do": "exit", "target": "root/a", "reason": "normal"},
        {"do": "exit", "target": "root", "reason": "boom"},
        {"do": "crash", "target": "root/b", "reason": "{shutdown,x}"},
        {"do": "view", "target": "root/b"}])");
    CHECK(failure == "");
    CHECK(step_of(trace, 1).empty());
    CHECK(step_of(trace, 2) == texts{"result 2 5.0"});
    CHECK(step_of(trace, 3) == texts{"exited root/a 1 badarith", "started root/a 2"});
    CHECK(step_of(trace, 4) == texts{"result 4 0.0"});
    CHECK(step_of(trace, 5) == texts{"exited root/a 2 killed", "started root/a 3"});
    CHECK(step_of(trace, 6).empty());
    CHECK(step_of(trace, 7).empty());
    CHECK(step_of(trace, 8) == texts{"exited root/b 1 {shutdown,x}"});
    CHECK(step_of(trace, 9) == texts{"result 9 noproc"});
  }

  TEST_CASE("operations on children answer as the contract says") {
    const auto [trace, failure] = run_of(two_sums, R"([
        {"do": "restart_child", "supervisor": "root", "id": "a"},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "sum"}},
        {"do": "restart_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "x"},
        {"do": "count_children", "supervisor": "root"},
        {"do": "which_children", "supervisor": "root/a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "n", "start": "sum", "restart": "transient", "significant": true}},
        {"do": "fail_next_starts", "target": "root/n", "count": 1},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "n", "start": "sum"}},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "n", "start": "sum"}}])");
    CHECK(failure == "");
    CHECK(step_of(trace, 1) == texts{"result 1 running"});
    CHECK(step_of(trace, 2) == texts{"exited root/a 1 shutdown", "result 2"});
    CHECK(step_of(trace, 3) == texts{"result 3 already_present"});
    CHECK(step_of(trace, 4) == texts{"started root/a 2", R"(result 4 {"incarnation":2,"path":"root/a"})"});
    CHECK(step_of(trace, 5) == texts{"result 5 not_found"});
    CHECK(step_of(trace, 6) == texts{R"(result 6 {"active":3,"specs":3,"supervisors":0,"workers":3})"});
    CHECK(step_of(trace, 7) == texts{"result 7 noproc"});
    CHECK(step_of(trace, 8) == texts{"result 8 bad_combination"});
    CHECK(step_of(trace, 10) == texts{"start_failed root/n injected", "result 10 start_failed"});
    CHECK(step_of(trace, 11) == texts{"started root/n 1", R"(result 11 {"incarnation":1,"path":"root/n"})"});
  }

  TEST_CASE("time passes only when the script says so, and no real time with it") {
    const auto [trace, failure] = run_of(two_sums, R"([
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "advance", "ms": 4000000000},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "view", "target": "root/a"}])");
    CHECK(failure == "");
    CHECK(step_of(trace, 4) == texts{"exited root/a 3 boom", "started root/a 4"});
    CHECK(step_of(trace, 6) == texts{"exited root/a 5 boom", "restart_limit root", "exited root/m 1 shutdown",
                                     "exited root/b 1 shutdown", "exited root 1 shutdown"});
    CHECK(step_of(trace, 7) == texts{"result 7 noproc"});
    CHECK(trace.back() == "done");
  }

  TEST_CASE("a dead root answers noproc to every step, of whatever kind") {
    const auto [trace, failure] =
        run_of(R"({"id": "root", "max_restarts": 0, "children": [{"id": "a", "start": "sum"}]})", R"([
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "advance", "ms": 1}, {"do": "fail_next_starts", "target": "root/a", "count": 1},
        {"do": "which_children", "supervisor": "root"}, {"do": "exit", "target": "root", "reason": "kill"}])");
    CHECK(failure == "");
    for (const int step : {2, 3, 4, 5})
      CHECK(step_of(trace, step) == texts{"result " + std::to_string(step) + " noproc"});
    CHECK(trace.back() == "done");
  }

  TEST_CASE("a message that a worker of the tree does not know is found before the run") {
    fault_list faults{"script.json"};
    const auto steps = steps_of(R"([
        {"do": "send", "target": "root/a", "message": {"ad": 5}},
        {"do": "send", "target": "root/a", "message": {"add": "x"}},
        {"do": "view", "target": "root/m"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "later", "start": "mute"}},
        {"do": "view", "target": "root/later"},
        {"do": "send", "target": "root/nobody", "message": {"ad": 5}}])");
    check_script_messages(tree_of(two_sums), steps, workers(), faults);
    const std::string text = faults.text();
    CHECK(faults.faults().size() == 4);
    CHECK_MESSAGE(text.find("script.json:/0/message") != std::string::npos, text);
    CHECK_MESSAGE(text.find("add") != std::string::npos, text);
    CHECK_MESSAGE(text.find("script.json:/1/message/add") != std::string::npos, text);
    CHECK_MESSAGE(text.find("script.json:/2") != std::string::npos, text);
    CHECK_MESSAGE(text.find("script.json:/4") != std::string::npos, text);
  }

  TEST_CASE("a worker that waits for what never comes ends the run with a fault that names it") {
    const auto [trace, failure] =
        run_of(two_sums, R"([{"do": "send", "target": "root/a", "message": {"hang": null}}])");
    CHECK_MESSAGE(failure.starts_with("step 1: the tree does not come to rest: root/a "), failure);
    CHECK_MESSAGE(failure.find("hang") != std::string::npos, failure);
  }

  TEST_CASE("a trace that cannot be written is a fault, and nothing more is written") {
    const captured_log log;
    int lines = 0;
    const std::string failure =
        run_script(tree_of(two_sums), {}, workers(), [&lines](std::string_view) { return ++lines < 3; });
    CHECK(failure == "the trace could not be written to its end");
    CHECK(lines == 3);
  }

  TEST_CASE("a run is the same each time") {
    constexpr std::string_view script = R"([
        {"do": "exit", "target": "root/a", "reason": "kill"}, {"do": "crash", "target": "root/b", "reason": "boom"},
        {"do": "which_children", "supervisor": "root"}, {"do": "advance", "ms": 6000}, {"do": "crash", "target": "root", "reason": "boom"}])";
    const auto first = run_of(two_sums, script);
    for (int i = 0; i < 10; ++i) CHECK(run_of(two_sums, script).trace == first.trace);
  }
}
