#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/script_file.hpp>
#include <coppice/tree/script_runner.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "../../samples/calc/calc.hpp"
#include "process/process_testing.hpp"
#include "shown_lines.hpp"

// A worker that takes its time on request. Its messages have a JSON form by their fields.
namespace script_workers {

struct nap {
  std::uint64_t ms = 0;
};
BOOST_DESCRIBE_STRUCT(nap, (), (ms))
struct wait_for_ever {};
struct never_sent {};
struct rename {
  std::string to;
};
BOOST_DESCRIBE_STRUCT(rename, (), (to))
struct view {
  using reply = std::vector<std::string>;
};

class sleeper : public coppice::server<sleeper, nap, wait_for_ever, rename, view> {
 public:
  void handle(nap taken) { coppice::sleep(std::chrono::milliseconds{taken.ms}); }
  void handle(wait_for_ever) {
    coppice::receive([](never_sent) {});
  }
  void handle(rename given) { names_.push_back(given.to); }
  std::vector<std::string> handle(view) { return names_; }

 private:
  std::vector<std::string> names_{"sleeper"};
};

class mute : public coppice::server<mute> {};

class shy : public coppice::server<shy> {
 public:
  shy() { coppice::ignore(); }
};

class broken : public coppice::server<broken> {
 public:
  broken() { throw coppice::error{"no_disk"}; }
};

class latin : public coppice::server<latin> {
 public:
  latin() { throw std::runtime_error{"caf\xe9"}; }
};

}  // namespace script_workers

namespace {

using namespace coppice;  // NOLINT(google-build-using-namespace)
using nlohmann::json;
using lines = std::vector<std::string>;

const worker_registry& workers() {
  static const worker_registry filled = [] {
    worker_registry made;
    made.add<calc_sample::calc>("calc");
    made.add<script_workers::sleeper>("sleeper");
    made.add<script_workers::mute>("mute");
    made.add<script_workers::shy>("shy");
    made.add<script_workers::broken>("broken");
    made.add<script_workers::latin>("latin");
    return made;
  }();
  return filled;
}

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

struct outcome {
  std::string failure;
  lines trace;  // as written
};

outcome run(std::string_view tree, std::string_view script) {
  // A script crashes workers on purpose.
  const coppice::testing::captured_log log;
  outcome of;
  of.failure = run_script(tree_of(tree), steps_of(script), workers(), [&of](std::string_view line) {
    of.trace.emplace_back(line);
    return true;
  });
  return of;
}

// A line of a trace in fewer words: `started root/a 1`, `result 3 noproc`, `result 4 ok 5.0`, `idle 3 root:1 root/a:1`.
std::string shortened(const std::string& line) {
  const json event = json::parse(line);
  const std::string what = event["event"];
  std::string text = what;
  if (event.contains("step")) text += " " + event["step"].dump();
  if (event.contains("path")) text += " " + event["path"].get<std::string>();
  if (event.contains("incarnation")) text += " " + event["incarnation"].dump();
  if (event.contains("error")) text += " " + event["error"].get<std::string>();
  if (event.contains("reason")) text += " " + event["reason"].get<std::string>();
  if (event.contains("ok")) text += " ok";
  if (event.contains("value")) text += " " + event["value"].dump();
  if (event.contains("alive")) {
    for (const auto& [path, incarnation] : event["alive"].items()) text += " " + path + ":" + incarnation.dump();
  }
  return text;
}

bool begins(const std::string& text, std::string_view with) {
  return text.starts_with(with);
}

// What has happened in one step, in order, without its `idle`; step -1 is what follows the last.
lines step_of(const outcome& of, int step) {
  std::vector<lines> steps(1);
  for (const auto& line : of.trace) {
    const std::string text = shortened(line);
    if (begins(text, "idle ")) {
      steps.emplace_back();
    } else {
      steps.back().push_back(text);
    }
  }
  return step < 0 ? steps.back() : steps.at(static_cast<std::size_t>(step));
}

// The results of all steps, without `result`.
lines results_of(std::string_view tree, std::string_view script) {
  const outcome of = run(tree, script);
  CHECK(of.failure.empty());
  lines results;
  for (const auto& line : of.trace) {
    const std::string text = shortened(line);
    if (begins(text, "result ")) results.push_back(text.substr(7));
  }
  return results;
}

// Who lives at the end of a step.
std::string alive_after(const outcome& of, int step) {
  const std::string begin = "idle " + std::to_string(step);
  for (const auto& line : of.trace) {
    const std::string text = shortened(line);
    if (text == begin) return "";
    if (begins(text, begin + " ")) return text.substr(begin.size() + 1);
  }
  return "no such step";
}

// root
//  |- a      calc
//  |- s      one_for_all
//  |   |- b  calc
//  |   `- c  calc
//  `- d      calc, temporary
constexpr std::string_view forest = R"({"id": "root", "max_restarts": 9, "children": [
    {"id": "a", "start": "calc", "args": {"initial": 5}},
    {"id": "s", "type": "supervisor", "strategy": "one_for_all", "max_restarts": 9, "children": [
      {"id": "b", "start": "calc"}, {"id": "c", "start": "calc"}]},
    {"id": "d", "start": "calc", "restart": "temporary"}]})";

}  // namespace

TEST_SUITE("script runner's trace") {
  TEST_CASE("a reason that is not UTF-8 is written all the same") {
    const outcome of = run(R"({"id": "root"})", R"([{"do": "start_child", "supervisor": "root", "spec":
                                                    {"id": "a", "start": "latin"}}])");
    CHECK(of.failure.empty());
    REQUIRE(of.trace.size() > 3);
    CHECK(json::parse(of.trace[2])["reason"] == "std::runtime_error: caf\xEF\xBF\xBD");
    CHECK(json::parse(of.trace[3])["reason"] == "std::runtime_error: caf\xEF\xBF\xBD");
  }

  TEST_CASE("has one JSON object a line, as the contract writes them") {
    const outcome of = run(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})",
                           R"([{"do": "send", "target": "root/a", "message": {"div": 0}},
                               {"do": "view", "target": "root/a"},
                               {"do": "fail_next_starts", "target": "root/a", "count": 1},
                               {"do": "exit", "target": "root/a", "reason": "kill"}])");
    CHECK(of.failure.empty());
    CHECK(of.trace == lines{R"({"event":"started","path":"root/a","incarnation":1})",
                            R"({"event":"started","path":"root","incarnation":1})",
                            R"({"event":"idle","step":0,"alive":{"root":1,"root/a":1}})",
                            R"({"event":"exited","path":"root/a","incarnation":1,"reason":"badarith"})",
                            R"({"event":"started","path":"root/a","incarnation":2})",
                            R"({"event":"idle","step":1,"alive":{"root":1,"root/a":2}})",
                            R"({"event":"result","step":2,"ok":true,"value":0.0})",
                            R"({"event":"idle","step":2,"alive":{"root":1,"root/a":2}})",
                            R"({"event":"idle","step":3,"alive":{"root":1,"root/a":2}})",
                            R"({"event":"exited","path":"root/a","incarnation":2,"reason":"killed"})",
                            R"({"event":"restart_limit","path":"root"})",
                            R"({"event":"exited","path":"root","incarnation":1,"reason":"shutdown"})",
                            R"({"event":"idle","step":4,"alive":{}})", R"({"event":"done"})"});
  }

  TEST_CASE("of a script without steps is the start, one idle, the end in reverse order, and done") {
    const outcome of = run(forest, "[]");
    CHECK(of.failure.empty());
    CHECK(step_of(of, 0) == lines{"started root/a 1", "started root/s/b 1", "started root/s/c 1", "started root/s 1",
                                  "started root/d 1", "started root 1"});
    CHECK(alive_after(of, 0) == "root:1 root/a:1 root/d:1 root/s:1 root/s/b:1 root/s/c:1");
    CHECK(step_of(of, -1) == lines{"exited root/d 1 shutdown", "exited root/s/c 1 shutdown",
                                   "exited root/s/b 1 shutdown", "exited root/s 1 shutdown", "exited root/a 1 shutdown",
                                   "exited root 1 shutdown", "done"});
  }

  TEST_CASE("of a dead root has noproc for every kind of step, nobody alive, and nothing before done") {
    const outcome of = run(forest, R"([
        {"do": "exit", "target": "root", "reason": "kill"},
        {"do": "exit", "target": "root/a", "reason": "boom"},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "send", "target": "root/a", "message": {"add": 1}},
        {"do": "view", "target": "root/a"},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "restart_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "start": "calc", "significant": true}},
        {"do": "which_children", "supervisor": "root"},
        {"do": "count_children", "supervisor": "root"},
        {"do": "fail_next_starts", "target": "root/a", "count": 1},
        {"do": "advance", "ms": 1000}])");
    CHECK(of.failure.empty());
    for (int step = 2; step <= 13; ++step) {
      CHECK(step_of(of, step) == lines{"result " + std::to_string(step) + " noproc"});
      CHECK(alive_after(of, step).empty());
    }
    CHECK(step_of(of, -1) == lines{"done"});
  }

  TEST_CASE("of a tree that does not start has the failed starts, and is that of a dead root") {
    const outcome of = run(R"({"id": "root", "children": [
        {"id": "a", "start": "calc"},
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "calc"}, {"id": "c", "start": "broken"}]},
        {"id": "d", "start": "calc"}]})",
                           R"([{"do": "view", "target": "root/a"}])");
    CHECK(of.failure.empty());
    CHECK(step_of(of, 0) ==
          lines{"started root/a 1", "started root/s/b 1", "start_failed root/s/c no_disk", "exited root/s/b 1 shutdown",
                "start_failed root/s {shutdown,{failed_to_start_child,c,no_disk}}", "exited root/a 1 shutdown",
                "start_failed root {shutdown,{failed_to_start_child,s,{shutdown,"
                "{failed_to_start_child,c,no_disk}}}}"});
    CHECK(alive_after(of, 0).empty());
    CHECK(step_of(of, 1) == lines{"result 1 noproc"});
    CHECK(step_of(of, -1) == lines{"done"});
  }

  TEST_CASE("is the same every time") {
    const std::string_view script = R"([{"do": "exit", "target": "root/s", "reason": "kill"},
        {"do": "crash", "target": "root/s/c", "reason": "boom"}, {"do": "advance", "ms": 1000},
        {"do": "crash", "target": "root/d", "reason": "boom"}])";
    CHECK(run(forest, script).trace == run(forest, script).trace);
  }
}

TEST_SUITE("script runner's exit and crash") {
  TEST_CASE("an exit signal ends a worker with its reason, kill with killed, and normal not at all") {
    const outcome of = run(forest, R"([
        {"do": "exit", "target": "root/a", "reason": "normal"},
        {"do": "exit", "target": "root/a", "reason": "kill"},
        {"do": "exit", "target": "root/a", "reason": "killed"},
        {"do": "exit", "target": "root/a", "reason": "{shutdown,x}"},
        {"do": "exit", "target": "root/d", "reason": "boom"}])");
    CHECK(step_of(of, 1).empty());
    CHECK(step_of(of, 2) == lines{"exited root/a 1 killed", "started root/a 2"});
    CHECK(step_of(of, 3) == lines{"exited root/a 2 killed", "started root/a 3"});
    CHECK(step_of(of, 4) == lines{"exited root/a 3 {shutdown,x}", "started root/a 4"});
    CHECK(step_of(of, 5) == lines{"exited root/d 1 boom"});
    CHECK(alive_after(of, 5) == "root:1 root/a:4 root/s:1 root/s/b:1 root/s/c:1");
  }

  TEST_CASE("an exit signal comes from no relative: a supervisor ignores all but kill") {
    const outcome of = run(forest, R"([
        {"do": "exit", "target": "root/s", "reason": "shutdown"},
        {"do": "exit", "target": "root", "reason": "shutdown"},
        {"do": "exit", "target": "root", "reason": "normal"},
        {"do": "exit", "target": "root/s", "reason": "boom"},
        {"do": "exit", "target": "root/s", "reason": "kill"}])");
    for (int step = 1; step <= 4; ++step) CHECK(step_of(of, step).empty());
    CHECK(step_of(of, 5).front() == "exited root/s 1 killed");
    CHECK(step_of(of, 5).back() == "started root/s 2");
    CHECK(alive_after(of, 5) == "root:1 root/a:1 root/d:1 root/s:2 root/s/b:2 root/s/c:2");
  }

  TEST_CASE("a worker that crashes ends with the reason as it stands") {
    const outcome of = run(forest, R"([
        {"do": "crash", "target": "root/a", "reason": "kill"},
        {"do": "crash", "target": "root/a", "reason": "normal"},
        {"do": "crash", "target": "root/a", "reason": "shutdown"},
        {"do": "crash", "target": "root/s/b", "reason": "boom"}])");
    CHECK(step_of(of, 1) == lines{"exited root/a 1 kill", "started root/a 2"});
    CHECK(step_of(of, 2) == lines{"exited root/a 2 normal", "started root/a 3"});
    CHECK(step_of(of, 3) == lines{"exited root/a 3 shutdown", "started root/a 4"});
    CHECK(step_of(of, 4) ==
          lines{"exited root/s/b 1 boom", "exited root/s/c 1 shutdown", "started root/s/b 2", "started root/s/c 2"});
  }

  TEST_CASE("a supervisor that crashes ends its children in reverse order, then with the reason, and is restarted") {
    const outcome of = run(forest, R"([{"do": "crash", "target": "root/s", "reason": "boom"}])");
    CHECK(step_of(of, 1) == lines{"exited root/s/c 1 shutdown", "exited root/s/b 1 shutdown", "exited root/s 1 boom",
                                  "started root/s/b 2", "started root/s/c 2", "started root/s 2"});
  }

  TEST_CASE("the root can crash") {
    const outcome of = run(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})",
                           R"([{"do": "crash", "target": "root", "reason": "{shutdown,x}"}])");
    CHECK(step_of(of, 1) == lines{"exited root/a 1 shutdown", "exited root 1 {shutdown,x}"});
    CHECK(alive_after(of, 1).empty());
    CHECK(step_of(of, -1) == lines{"done"});
  }
}

TEST_SUITE("script runner's send and view") {
  TEST_CASE("a calculation is seen by the view after it") {
    CHECK(results_of(forest, R"([
        {"do": "view", "target": "root/a"},
        {"do": "send", "target": "root/a", "message": {"add": 20}},
        {"do": "view", "target": "root/a"},
        {"do": "send", "target": "root/a", "message": {"sub": 18}},
        {"do": "view", "target": "root/a"},
        {"do": "send", "target": "root/a", "message": {"mult": 3}},
        {"do": "send", "target": "root/a", "message": {"div": 6}},
        {"do": "view", "target": "root/a"}])") == lines{"1 ok 5.0", "3 ok 25.0", "5 ok 7.0", "8 ok 3.5"});
  }

  TEST_CASE("a division by zero crashes the worker, and its value is lost") {
    const outcome of = run(forest, R"([
        {"do": "send", "target": "root/a", "message": {"add": 20}},
        {"do": "send", "target": "root/a", "message": {"div": 0}},
        {"do": "view", "target": "root/a"}])");
    CHECK(step_of(of, 2) == lines{"exited root/a 1 badarith", "started root/a 2"});
    CHECK(step_of(of, 3) == lines{"result 3 ok 5.0"});
  }

  TEST_CASE("any worker whose messages have a JSON form can be talked to") {
    CHECK(results_of(R"({"id": "root", "children": [{"id": "a", "start": "sleeper", "count": 2}]})", R"([
        {"do": "send", "target": "root/a-2", "message": {"rename": {"to": "dozer"}}},
        {"do": "send", "target": "root/a-2", "message": {"rename": {"to": "snorer"}}},
        {"do": "view", "target": "root/a-2"},
        {"do": "view", "target": "root/a-1"}])") ==
          lines{R"(3 ok ["sleeper","dozer","snorer"])", R"(4 ok ["sleeper"])"});
  }

  TEST_CASE("a step lasts until the worker has done with the message, whatever virtual time that takes") {
    const outcome of = run(R"({"id": "root", "max_seconds": 60, "children": [{"id": "a", "start": "sleeper"}]})", R"([
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "send", "target": "root/a", "message": {"nap": {"ms": 62000}}},
        {"do": "crash", "target": "root/a", "reason": "boom"}])");
    CHECK(of.failure.empty());
    CHECK(step_of(of, 3) == lines{"exited root/a 2 boom", "started root/a 3"});
  }
}

TEST_SUITE("script runner's operations on children") {
  TEST_CASE("terminate_child is ok whether the child runs or not") {
    const outcome of = run(forest, R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "terminate_child", "supervisor": "root", "id": "s"},
        {"do": "terminate_child", "supervisor": "root", "id": "d"},
        {"do": "terminate_child", "supervisor": "root", "id": "d"},
        {"do": "terminate_child", "supervisor": "root", "id": "z"}])");
    CHECK(step_of(of, 1) == lines{"exited root/a 1 shutdown", "result 1 ok"});
    CHECK(step_of(of, 2) == lines{"result 2 ok"});
    CHECK(step_of(of, 3) ==
          lines{"exited root/s/c 1 shutdown", "exited root/s/b 1 shutdown", "exited root/s 1 shutdown", "result 3 ok"});
    CHECK(step_of(of, 4) == lines{"exited root/d 1 shutdown", "result 4 ok"});
    // A temporary child is forgotten with its end.
    CHECK(step_of(of, 5) == lines{"result 5 not_found"});
    CHECK(step_of(of, 6) == lines{"result 6 not_found"});
    CHECK(alive_after(of, 6) == "root:1");
  }

  TEST_CASE("delete_child forgets a child that does not run") {
    CHECK(results_of(forest, R"([
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"}])") ==
          lines{"1 running", "2 ok", "3 ok", "4 not_found"});
  }

  TEST_CASE("restart_child answers the path and the incarnation") {
    const outcome of = run(forest, R"([
        {"do": "restart_child", "supervisor": "root", "id": "s"},
        {"do": "terminate_child", "supervisor": "root", "id": "s"},
        {"do": "restart_child", "supervisor": "root", "id": "s"},
        {"do": "restart_child", "supervisor": "root", "id": "z"}])");
    CHECK(step_of(of, 1) == lines{"result 1 running"});
    CHECK(step_of(of, 3) == lines{"started root/s/b 2", "started root/s/c 2", "started root/s 2",
                                  R"(result 3 ok {"incarnation":2,"path":"root/s"})"});
    CHECK(step_of(of, 4) == lines{"result 4 not_found"});
  }

  TEST_CASE("restart_child that fails says why, and leaves the child as it was") {
    const outcome of = run(forest, R"([
        {"do": "terminate_child", "supervisor": "root", "id": "s"},
        {"do": "fail_next_starts", "target": "root/s/c", "count": 1},
        {"do": "restart_child", "supervisor": "root", "id": "s"},
        {"do": "which_children", "supervisor": "root"},
        {"do": "restart_child", "supervisor": "root", "id": "s"}])");
    CHECK(step_of(of, 3) == lines{"started root/s/b 2", "start_failed root/s/c injected", "exited root/s/b 2 shutdown",
                                  "start_failed root/s {shutdown,{failed_to_start_child,c,injected}}",
                                  "result 3 start_failed {shutdown,{failed_to_start_child,c,injected}}"});
    CHECK(of.trace.at(of.trace.size() - 1) == R"({"event":"done"})");
    CHECK(step_of(of, 4).front().find(R"("id":"s","state":"undefined")") != std::string::npos);
    CHECK(step_of(of, 5).back() == R"(result 5 ok {"incarnation":2,"path":"root/s"})");
  }

  TEST_CASE("start_child adds a child at the end, and counts the incarnations of its path on") {
    const outcome of = run(forest, R"([
        {"do": "start_child", "supervisor": "root/s", "spec": {"id": "z", "start": "calc", "args": {"initial": 3}}},
        {"do": "view", "target": "root/s/z"},
        {"do": "terminate_child", "supervisor": "root/s", "id": "z"},
        {"do": "delete_child", "supervisor": "root/s", "id": "z"},
        {"do": "start_child", "supervisor": "root/s", "spec": {"id": "z", "type": "supervisor", "children": [
            {"id": "y", "start": "calc", "count": 2}]}},
        {"do": "which_children", "supervisor": "root/s"}])");
    CHECK(step_of(of, 1) == lines{"started root/s/z 1", R"(result 1 ok {"incarnation":1,"path":"root/s/z"})"});
    CHECK(step_of(of, 2) == lines{"result 2 ok 3.0"});
    CHECK(step_of(of, 5) == lines{"started root/s/z/y-1 1", "started root/s/z/y-2 1", "started root/s/z 2",
                                  R"(result 5 ok {"incarnation":2,"path":"root/s/z"})"});
    CHECK(begins(step_of(of, 6).front(), R"(result 6 ok [{"id":"z","state":"running","type":"supervisor"})"));
  }

  TEST_CASE("start_child with an id that is in use says whether that child runs") {
    CHECK(results_of(forest, R"([
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "calc"}},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "calc"}}])") ==
          lines{"1 already_started", "2 ok", "3 already_present"});
  }

  TEST_CASE("start_child that fails says why, and leaves no spec") {
    const outcome of = run(forest, R"([
        {"do": "fail_next_starts", "target": "root/z", "count": 1},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "start": "calc"}},
        {"do": "delete_child", "supervisor": "root", "id": "z"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "start": "broken"}}])");
    CHECK(step_of(of, 2) == lines{"start_failed root/z injected", "result 2 start_failed injected"});
    CHECK(step_of(of, 3) == lines{"result 3 not_found"});
    CHECK(step_of(of, 4) == lines{"start_failed root/z no_disk", "result 4 start_failed no_disk"});
  }

  TEST_CASE("a forbidden significant is a bad combination, before the id is looked at") {
    CHECK(results_of(R"({"id": "root", "auto_shutdown": "any_significant", "children": [
          {"id": "a", "start": "calc"}, {"id": "s", "type": "supervisor"}]})",
                     R"([
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "calc", "significant": true}},
        {"do": "start_child", "supervisor": "root/s",
         "spec": {"id": "a", "start": "calc", "restart": "transient", "significant": true}},
        {"do": "start_child", "supervisor": "root",
         "spec": {"id": "z", "start": "calc", "restart": "transient", "significant": true}}])") ==
          lines{"1 bad_combination", "2 bad_combination", R"(3 ok {"incarnation":1,"path":"root/z"})"});
  }

  TEST_CASE("a child that asks to be ignored is started without a value to show") {
    CHECK(results_of(R"({"id": "root", "children": [{"id": "a", "start": "shy"}]})", R"([
        {"do": "restart_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "b", "start": "shy"}}])") == lines{"1 ok", "2 ok"});
  }

  TEST_CASE("which_children lists the last started first, with what they are and do") {
    CHECK(results_of(forest, R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "which_children", "supervisor": "root"}])") ==
          lines{"1 ok", R"(2 ok [{"id":"d","state":"running","type":"worker"},)"
                        R"({"id":"s","state":"running","type":"supervisor"},)"
                        R"({"id":"a","state":"undefined","type":"worker"}])"});
  }

  TEST_CASE("count_children counts specs, and of them those that run") {
    CHECK(results_of(forest, R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "count_children", "supervisor": "root"},
        {"do": "count_children", "supervisor": "root/s"}])") ==
          lines{"1 ok", R"(2 ok {"active":2,"specs":3,"supervisors":1,"workers":2})",
                R"(3 ok {"active":2,"specs":2,"supervisors":0,"workers":2})"});
  }

  TEST_CASE("a path that names no living process is noproc, and so is a worker in place of a supervisor") {
    const std::string_view script = R"([
        {"do": "exit", "target": "root/z", "reason": "boom"},
        {"do": "crash", "target": "root/z", "reason": "boom"},
        {"do": "send", "target": "root/z", "message": {"add": 1}},
        {"do": "view", "target": "root/z"},
        {"do": "terminate_child", "supervisor": "root/a", "id": "a"},
        {"do": "restart_child", "supervisor": "root/a", "id": "a"},
        {"do": "delete_child", "supervisor": "root/z", "id": "a"},
        {"do": "start_child", "supervisor": "root/a", "spec": {"id": "z", "start": "calc", "significant": true}},
        {"do": "which_children", "supervisor": "root/a"},
        {"do": "count_children", "supervisor": "a"},
        {"do": "crash", "target": "root/d", "reason": "boom"},
        {"do": "view", "target": "root/d"}])";
    CHECK(results_of(forest, script) == lines{"1 noproc", "2 noproc", "3 noproc", "4 noproc", "5 noproc", "6 noproc",
                                              "7 noproc", "8 noproc", "9 noproc", "10 noproc", "12 noproc"});
  }
}

TEST_SUITE("script runner's failing starts and time") {
  TEST_CASE("fail_next_starts sets a number, which 0 clears, and answers nothing") {
    const outcome of = run(forest, R"([
        {"do": "fail_next_starts", "target": "root/a", "count": 5},
        {"do": "fail_next_starts", "target": "root/a", "count": 2},
        {"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "fail_next_starts", "target": "root/a", "count": 3},
        {"do": "fail_next_starts", "target": "root/a", "count": 0},
        {"do": "crash", "target": "root/a", "reason": "boom"}])");
    CHECK(step_of(of, 1).empty());
    CHECK(step_of(of, 3) == lines{"exited root/a 1 boom", "start_failed root/a injected",
                                  "start_failed root/a injected", "started root/a 2"});
    CHECK(step_of(of, 6) == lines{"exited root/a 2 boom", "started root/a 3"});
  }

  TEST_CASE("a supervisor fails before any of its children is started, again and again, until it gives up") {
    const outcome of = run(R"({"id": "root", "max_restarts": 2, "children": [{"id": "a", "start": "calc"},
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "calc"}]}]})",
                           R"([{"do": "fail_next_starts", "target": "root/s", "count": 9},
                               {"do": "exit", "target": "root/s", "reason": "kill"}])");
    CHECK(step_of(of, 2) == lines{"exited root/s 1 killed", "exited root/s/b 1 killed", "start_failed root/s injected",
                                  "start_failed root/s injected", "restart_limit root", "exited root/a 1 shutdown",
                                  "exited root 1 shutdown"});
  }

  TEST_CASE("advance slides the window of restarts, and answers nothing") {
    const std::string_view tree =
        R"({"id": "root", "max_restarts": 1, "max_seconds": 5, "children": [{"id": "a", "start": "calc"}]})";
    const outcome late = run(tree, R"([{"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "advance", "ms": 6500}, {"do": "crash", "target": "root/a", "reason": "boom"}])");
    CHECK(step_of(late, 2).empty());
    CHECK(step_of(late, 3) == lines{"exited root/a 2 boom", "started root/a 3"});
    const outcome early = run(tree, R"([{"do": "crash", "target": "root/a", "reason": "boom"},
        {"do": "advance", "ms": 4000}, {"do": "crash", "target": "root/a", "reason": "boom"}])");
    CHECK(step_of(early, 3) == lines{"exited root/a 2 boom", "restart_limit root", "exited root 1 shutdown"});
  }

  TEST_CASE("thirty years pass at once") {
    CHECK(run(forest, R"([{"do": "advance", "ms": 1000000000000}])").failure.empty());
  }

  TEST_CASE("a supervisor that shuts itself down takes the rest of its children with it") {
    const outcome of = run(R"({"id": "root", "auto_shutdown": "any_significant", "children": [
        {"id": "a", "start": "calc"}, {"id": "b", "start": "calc", "restart": "transient", "significant": true}]})",
                           R"([{"do": "crash", "target": "root/b", "reason": "normal"}])");
    CHECK(step_of(of, 1) == lines{"exited root/b 1 normal", "exited root/a 1 shutdown", "exited root 1 shutdown"});
  }
}

TEST_SUITE("script runner's failures") {
  TEST_CASE("which worker lives at a path is the process's to say, not the file's") {
    // The second start_child is refused, so that `a` stays what it is; after that it is another worker.
    CHECK(results_of(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})", R"([
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "sleeper"}},
        {"do": "send", "target": "root/a", "message": {"add": 1}},
        {"do": "view", "target": "root/a"},
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "sleeper"}},
        {"do": "send", "target": "root/a", "message": {"rename": {"to": "dozer"}}},
        {"do": "view", "target": "root/a"}])") == lines{"1 already_started", "3 ok 1.0", "4 ok", "5 ok",
                                                        R"(6 ok {"incarnation":2,"path":"root/a"})",
                                                        R"(8 ok ["sleeper","dozer"])"});
  }

  TEST_CASE("a message that the worker living there does not know ends the script with its step and the worker") {
    const outcome of = run(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})", R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "sleeper"}},
        {"do": "send", "target": "root/a", "message": {"add": 1}}])");
    CHECK(begins(of.failure, "step 4: root/a: unknown message \"add\""));
    CHECK(alive_after(of, 3) == "root:1 root/a:2");
    CHECK(of.trace.back() != R"({"event":"done"})");
    CHECK(run(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})", R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "mute"}},
        {"do": "view", "target": "root/a"}])")
              .failure ==
          "step 4: root/a: the worker takes no messages that a script could send, so no \"view\" either");
    CHECK(run(R"({"id": "root", "children": [{"id": "a", "start": "calc"}]})", R"([
        {"do": "terminate_child", "supervisor": "root", "id": "a"},
        {"do": "delete_child", "supervisor": "root", "id": "a"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "a", "type": "supervisor"}},
        {"do": "view", "target": "root/a"}])")
              .failure == "step 4: root/a is a supervisor; send and view go to workers");
  }

  TEST_CASE("a step after which the tree never comes to rest ends the script and says who waits") {
    const outcome of = run(R"({"id": "root", "children": [{"id": "a", "start": "sleeper"}]})",
                           R"([{"do": "advance", "ms": 1},
                               {"do": "send", "target": "root/a", "message": {"wait_for_ever": null}}])");
    CHECK(begins(of.failure, "step 2: the tree does not come to rest: root/a <0."));
    CHECK(of.failure.ends_with(
        "in its handler of script_workers::wait_for_ever waits for something that will never come"));
    CHECK(of.trace.back() != R"({"event":"done"})");
  }

  TEST_CASE("a trace that takes no more is a failure, and is not offered more") {
    int taken = 0;
    const std::string failure = run_script(tree_of(forest), steps_of("[]"), workers(), [&taken](std::string_view) {
      ++taken;
      return taken < 3;
    });
    CHECK(failure == "the trace could not be written to its end");
    CHECK(taken == 3);
  }

  TEST_CASE("one script can be run after the other in one program") {
    for (int i = 0; i < 3; ++i) CHECK(run(forest, "[]").trace.size() == 14);
  }
}

namespace {

std::string message_faults(std::string_view tree, std::string_view script) {
  fault_list faults{"s"};
  check_script_messages(tree_of(tree), steps_of(script), workers(), faults);
  return faults.text();
}

}  // namespace

TEST_SUITE("check of a script's messages") {
  TEST_CASE("messages that the worker has are right, also of those that the script starts, and of unknown paths") {
    CHECK(message_faults(forest, R"([
        {"do": "send", "target": "root/s/b", "message": {"add": 1.5}},
        {"do": "view", "target": "root/s/b"},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "type": "supervisor", "children": [
            {"id": "y", "start": "sleeper"}]}},
        {"do": "send", "target": "root/z/y", "message": {"nap": {"ms": 1}}},
        {"do": "view", "target": "root/z/y"},
        {"do": "send", "target": "root/who", "message": {"what": 1}},
        {"do": "view", "target": "root/who"}])")
              .empty());
  }

  TEST_CASE("each wrong message is told with its step, its place, and what was probably meant") {
    CHECK(message_faults(forest, R"([
        {"do": "send", "target": "root/a", "message": {"ad": 1}},
        {"do": "advance", "ms": 1},
        {"do": "send", "target": "root/s/b", "message": {"add": "x"}},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "start": "mute"}},
        {"do": "send", "target": "root/z", "message": {"add": 1}},
        {"do": "view", "target": "root/z"}])") ==
          "s:/0/message: step 1: unknown message \"ad\"; did you mean \"add\"?\n"
          "s:/2/message/add: step 3: expected a number; got the string \"x\"\n"
          "s:/4/message: step 5: unknown message \"add\"; no message is known here\n"
          "s:/5: step 6: the worker takes no messages that a script could send, so no \"view\" either\n");
  }

  TEST_CASE("send and view to a supervisor are faults") {
    CHECK(message_faults(forest, R"([
        {"do": "view", "target": "root/s"}, {"do": "send", "target": "root", "message": {"add": 1}},
        {"do": "start_child", "supervisor": "root", "spec": {"id": "z", "type": "supervisor"}},
        {"do": "view", "target": "root/z"}])") ==
          "s:/0/target: step 1: root/s is a supervisor; send and view go to workers.\n"
          "s:/1/target: step 2: root is a supervisor; send and view go to workers.\n"
          "s:/3/target: step 4: root/z is a supervisor; send and view go to workers.\n");
  }

  TEST_CASE("where one worker or another may live, a message is right that one of them has") {
    const std::string_view start_another =
        R"({"do": "start_child", "supervisor": "root", "spec": {"id": "a", "start": "sleeper"}})";
    const auto faults_with = [&](std::string_view message) {
      return message_faults(forest, "[" + std::string{start_another} +
                                        R"(, {"do": "send", "target": "root/a", "message": )" + std::string{message} +
                                        "}]");
    };
    CHECK(faults_with(R"({"add": 1})").empty());
    CHECK(faults_with(R"({"nap": {"ms": 1}})").empty());
    CHECK(begins(faults_with(R"({"dance": 1})"), "s:/1/message: step 2: unknown message \"dance\""));
  }
}
