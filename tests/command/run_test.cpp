#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "../tree/temporary_directory.hpp"
#include "child_program.hpp"

using command_tests::child_program;
using command_tests::required_variable;
using command_tests::run;
using coppice::tests::temporary_directory;

namespace {

const std::string calm = R"({"id": "root", "children": [
    {"id": "a", "start": "calc"},
    {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "calc"}]}]})";

std::vector<std::string> with_workers(std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"run", "-", "--load", required_variable("COPPICE_TEST_WORKERS")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

}  // namespace

TEST_SUITE("coppice run") {
  TEST_CASE("a signal ends the tree in order") {
    for (const int number : {SIGINT, SIGTERM}) {
      child_program child{{"run", "-"}, {.input = calm}};
      child.wait_for("root is up: 2 workers and 2 supervisors");
      child.signal(number);
      CHECK(
          contains(child.wait_for("stopping"), number == SIGINT ? "(SIGINT): 4 processes" : "(SIGTERM): 4 processes"));
      child.wait_for("exited     root/s/b");
      child.wait_for("exited     root/s ");
      child.wait_for("exited     root/a");
      child.wait_for("exited     root ");
      child.wait_for("stopped    root");
      CHECK(child.finish() == 0);
      CHECK(child.errors().empty());
    }
  }

  TEST_CASE("threads can be chosen") {
    child_program child{{"run", "-", "--threads", "2"}, {.input = calm}};
    child.wait_for("root is up");
    child.signal(SIGTERM);
    CHECK(child.finish() == 0);
  }

  TEST_CASE("starts, ends and restarts are one line each, and a crash is told once") {
    child_program child{with_workers(), {.input = R"({"id": "root", "max_restarts": 5, "children": [
        {"id": "a", "start": "fuse", "args": {"burns": 2, "reason": "throw"}}]})"}};
    child.wait_for("started    root/a <0.");
    child.wait_for("exited     root/a <0.");
    child.wait_for("restarted  root/a <0.");
    CHECK(contains(child.wait_for("restarted  root/a <0."), ", its 3rd life, gone for "));
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK(count_of(child.output(), ": std::runtime_error: the disk is full") == 2);
    CHECK(child.errors().empty());
  }

  TEST_CASE("with --verbose the library's own reports are on standard error") {
    child_program child{with_workers({"--verbose"}), {.input = R"({"id": "root", "children": [
        {"id": "a", "start": "fuse", "args": {"reason": "throw"}}]})"}};
    child.wait_for("2nd life");
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK(contains(child.errors(), "coppice: error: <0."));
    CHECK(contains(child.errors(), "server terminating: std::runtime_error: the disk is full"));
  }

  TEST_CASE("what a worker reports is on standard error") {
    child_program child{with_workers(), {.input = R"({"id": "root", "children": [
        {"id": "a", "start": "fuse", "args": {"reason": "report"}}]})"}};
    CHECK(child.wait_for_error("warning").starts_with("coppice: warning: <0."));
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK(contains(child.errors(), "the disk is nearly full"));
  }

  TEST_CASE("a large tree starts and ends in one line") {
    child_program child{{"run", "-"}, {.input = R"({"id": "root", "max_restarts": 100, "children": [
        {"id": "calc", "start": "calc", "count": 100}]})"}};
    child.wait_for("root is up: 100 workers and 1 supervisor");
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK(count_of(child.output(), "\n") == 3);
  }

  TEST_CASE("nothing is coloured where there is no terminal") {
    child_program child{{"run", "-"}, {.input = calm}};
    child.wait_for("root is up");
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK_FALSE(contains(child.output(), "\033"));
  }

  TEST_CASE("a root that gives up ends it with status 1") {
    const auto done = run(with_workers(), {.input = R"({"id": "root", "max_restarts": 2, "children": [
        {"id": "a", "start": "fuse", "args": {"burns": 100}}]})"});
    CHECK(done.status == 1);
    CHECK(contains(done.output, "gave up    root: more than 2 restarts within 5 s\n"));
    CHECK(done.errors ==
          "coppice: standard input: root gave up: more than 2 restarts within 5 s (max_restarts, max_seconds); the "
          "tree has ended\n");
  }

  TEST_CASE("a root that cannot start ends it with status 1, and says which child it was") {
    const auto done = run(with_workers(), {.input = R"({"id": "root", "children": [{"id": "a", "start": "calc"},
        {"id": "s", "type": "supervisor", "children": [{"id": "b", "start": "broken"}]}]})"});
    CHECK(done.status == 1);
    CHECK(contains(done.output, "failed     root/s/b did not start: no_disk\n"));
    CHECK(contains(done.output, "failed     root/s did not start because of root/s/b: no_disk\n"));
    CHECK(contains(done.output, "exited     root/a <0."));
    CHECK(done.errors == "coppice: standard input: the tree did not start: root/s/b: no_disk\n");
  }

  TEST_CASE("a root that is killed ends it with status 1, after its children") {
    const auto done = run(with_workers(), {.input = R"({"id": "root", "children": [
        {"id": "a", "start": "calc"}, {"id": "b", "start": "regicide"}]})"});
    CHECK(done.status == 1);
    CHECK(contains(done.output, "exited     root/a <0."));
    CHECK(done.errors == "coppice: standard input: root ended with killed; the tree has ended\n");
  }

  TEST_CASE("auto_shutdown is an orderly end") {
    const auto done = run(with_workers(), {.input = R"({"id": "root", "auto_shutdown": "any_significant", "children": [
        {"id": "a", "start": "fuse", "restart": "transient", "significant": true, "args": {"reason": "normal"}}]})"});
    CHECK(done.status == 0);
    CHECK(contains(done.output, "stopped    root has shut itself down (auto_shutdown)\n"));
    CHECK(done.errors.empty());
  }

  TEST_CASE("what takes more than a second to end is named, with what it does and for how long it may") {
    child_program child{with_workers(), {.input = R"({"id": "root", "children": [{"id": "a", "start": "calc"},
        {"id": "b", "start": "slow", "shutdown": 2500, "args": {"stop_ms": 600000}}]})"}};
    child.wait_for("root is up");
    child.signal(SIGINT);
    const std::string line = child.wait_for("waiting");
    CHECK(contains(line, "1 s for root/b <0."));
    CHECK(contains(line, ": it is ending; it is killed after 2.5 s; 3 processes left"));
    CHECK(contains(child.wait_for("exited     root/b"), ": killed"));
    CHECK(child.finish() == 0);
  }

  TEST_CASE("a worker that keeps its thread is warned of, with its path and the message that it handles") {
    const temporary_directory directory;
    const std::string gate = directory.path("gate");
    REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    child_program child{with_workers(),
                        {.input = R"({"id": "root", "children": [{"id": "a", "start": "rapt", "args": {"gate": ")" +
                                  gate + R"("}}]})"}};
    const std::string line = child.wait_for_error("root/a");
    CHECK(contains(line, "coppice: warning: <0."));
    CHECK(contains(line, ">: root/a has been handling command_workers::go for "));
    CHECK(contains(line, " ms without a wait; others on its thread wait meanwhile"));
    std::ofstream{gate};
    child.signal(SIGINT);
    CHECK(child.finish() == 0);
    CHECK(child.errors().empty());
  }

  TEST_CASE("a signal while the tree starts ends it as soon as it has started") {
    const temporary_directory directory;
    const std::string gate = directory.path("gate");
    REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    child_program child{with_workers(),
                        {.input = R"({"id": "root", "children": [
        {"id": "a", "start": "calc"}, {"id": "b", "start": "gated", "args": {"gate": ")" +
                                  gate + R"("}},
        {"id": "c", "start": "calc", "count": 2000}]})"}};
    child.wait_for("starting   1 of 2,003 processes so far");
    child.signal(SIGTERM);
    child.wait_for("stopping   (SIGTERM): 1 process of 2,003 has started; the rest has to, first");
    std::ofstream{gate};
    child.wait_for("root is up");
    child.wait_for("stopped    root");
    CHECK(child.finish() == 0);
    CHECK(child.errors().empty());
  }

  TEST_CASE("a second signal while the tree starts ends it at once") {
    const temporary_directory directory;
    const std::string gate = directory.path("gate");
    REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    child_program child{with_workers(),
                        {.input = R"({"id": "root", "children": [
        {"id": "a", "start": "calc"}, {"id": "b", "start": "gated", "args": {"gate": ")" +
                                  gate + R"("}}]})"}};
    child.wait_for("started    root/a");
    child.signal(SIGINT);
    child.wait_for("stopping   (SIGINT): 1 process of 3 has started");
    CHECK(child.finish_by(SIGINT) == 130);
    CHECK(child.errors() == "coppice: SIGINT again: ending at once; 1 process had not ended yet\n");
  }

  TEST_CASE("a second signal ends it at once with 128 and its number") {
    struct example {
      int second;
      int status;
      const char* name;
    };
    for (const example each : {example{SIGINT, 130, "SIGINT"}, example{SIGTERM, 143, "SIGTERM"}}) {
      child_program child{with_workers(), {.input = R"({"id": "root", "children": [
          {"id": "b", "start": "slow", "shutdown": "infinity", "args": {"stop_ms": 600000}}]})"}};
      child.wait_for("root is up");
      child.signal(SIGINT);
      child.wait_for("stopping");
      CHECK(child.finish_by(each.second) == each.status);
      CHECK(child.errors() ==
            std::string{"coppice: "} + each.name + " again: ending at once; 2 processes had not ended yet\n");
    }
  }

  TEST_CASE("two signals that arrive together are one, and the tree ends in order") {
    child_program child{with_workers(), {.input = R"({"id": "root", "children": [{"id": "c", "start": "calc"}]})"}};
    child.wait_for("root is up");
    child.signal_together(SIGINT, SIGTERM);
    CHECK(child.finish() == 0);
    CHECK(child.errors().empty());
  }

  TEST_CASE("the trace has the lines of the contract") {
    const auto done = run(with_workers({"--trace", "-"}), {.input = R"({"id": "root", "max_restarts": 0, "children": [
        {"id": "b", "start": "calc"}, {"id": "a", "start": "fuse", "args": {"reason": "{shutdown,x}"}}]})"});
    CHECK(done.status == 1);
    std::vector<nlohmann::json> lines;
    for (std::size_t at = 0; at < done.output.size(); at = done.output.find('\n', at) + 1) {
      lines.push_back(nlohmann::json::parse(done.output.substr(at, done.output.find('\n', at) - at)));
    }
    const auto has = [&lines](const char* text) {
      return std::count(lines.begin(), lines.end(), nlohmann::json::parse(text)) == 1;
    };
    CHECK(lines.size() == 8);
    CHECK(has(R"({"event": "started", "path": "root/b", "incarnation": 1})"));
    CHECK(has(R"({"event": "started", "path": "root/a", "incarnation": 1})"));
    CHECK(has(R"({"event": "started", "path": "root", "incarnation": 1})"));
    CHECK(has(R"({"event": "exited", "path": "root/a", "incarnation": 1, "reason": "{shutdown,x}"})"));
    CHECK(has(R"({"event": "restart_limit", "path": "root"})"));
    CHECK(has(R"({"event": "exited", "path": "root/b", "incarnation": 1, "reason": "shutdown"})"));
    CHECK(has(R"({"event": "exited", "path": "root", "incarnation": 1, "reason": "shutdown"})"));
    CHECK(lines.back() == nlohmann::json{{"event", "done"}});
    SUBCASE("and what is for people goes to standard error") {
      CHECK(contains(done.errors, "gave up    root: more than 0 restarts within 5 s\n"));
    }
  }

  TEST_CASE("the trace of a tree that did not start ends too") {
    const auto done = run(with_workers({"--trace", "-"}),
                          {.input = R"({"id": "root", "children": [{"id": "b", "start": "broken"}]})"});
    CHECK(done.status == 1);
    CHECK(done.output == R"({"event":"start_failed","path":"root/b","reason":"no_disk"}
{"event":"start_failed","path":"root","reason":"{shutdown,{failed_to_start_child,b,no_disk}}"}
{"event":"done"}
)");
  }

  TEST_CASE("output that cannot be written ends the tree, with status 1 and the reason") {
    SUBCASE("the trace on a full disk") {
      const auto done = run({"run", "-", "--trace", "/dev/full"}, {.input = calm});
      CHECK(done.status == 1);
      CHECK(done.errors == "coppice: /dev/full: cannot be written: No space left on device\n");
    }
    SUBCASE("the screen on a full disk") {
      const auto done = run({"run", "-"}, {.input = calm, .standard_output = "/dev/full"});
      CHECK(done.status == 1);
      CHECK(done.errors == "coppice: standard output: cannot be written: No space left on device\n");
    }
    SUBCASE("a closed standard output") {
      const auto done = run({"run", "-"}, {.input = calm, .standard_output = "closed"});
      CHECK(done.status == 1);
      CHECK(done.errors == "coppice: standard output: cannot be written: Bad file descriptor\n");
    }
    SUBCASE("a pipe that nobody reads any more") {
      child_program child{with_workers(), {.input = R"({"id": "root", "max_restarts": 1000000, "children": [
          {"id": "a", "start": "fuse", "args": {"burns": 1000000}}]})"}};
      child.wait_for("root is up");
      child.close_output();
      CHECK(child.finish() == 1);
      CHECK(child.errors() == "coppice: standard output: cannot be written: Broken pipe\n");
    }
    SUBCASE("a trace in a directory that is not there") {
      const auto done = run({"run", "-", "--trace", "/nowhere/trace"}, {.input = calm});
      CHECK(done.status == 1);
      CHECK(done.errors == "coppice: /nowhere/trace: cannot be opened for writing: No such file or directory\n");
      CHECK(done.output.empty());
    }
  }

  TEST_CASE("a bad tree starts nothing, and all its faults are shown") {
    const auto done =
        run({"run", "-"},
            {.input = R"({"id": "root", "strategi": "one_for_all", "children": [{"id": "a", "start": "clac"}]})"});
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK(contains(done.errors, "standard input: unknown key \"strategi\"; did you mean \"strategy\"?"));
    CHECK(contains(done.errors,
                   "standard input:/children/0/start: nothing is registered as \"clac\"; did you mean \"calc\"?"));
  }

  TEST_CASE("a worker that nobody has registered may be one that was not loaded") {
    const auto done = run({"run", "-"}, {.input = R"({"id": "root", "children": [{"id": "a", "start": "crawler"}]})"});
    CHECK(done.status == 2);
    CHECK(contains(done.errors, "coppice: workers of your own come out of shared libraries: --load LIBRARY."));
  }

  TEST_CASE("a tree that is not there is a bad one") {
    const auto done = run({"run", "nowhere.json"});
    CHECK(done.status == 2);
    CHECK(contains(done.errors, "nowhere.json: no such file"));
  }

  TEST_CASE("a library that cannot be used starts nothing") {
    struct example {
      std::string library;
      const char* fault;
    };
    const temporary_directory directory;
    const std::string text = directory.write("text.so", "no library at all");
    const example examples[] = {
        {"nowhere.so", "nowhere.so: cannot be loaded as a worker library: "},
        {text, "cannot be loaded as a worker library: "},
        {"libc.so.6", "libc.so.6: cannot be loaded as a worker library: "},
        {directory.path(""), "expected a shared library, a regular file; found a directory"},
        {required_variable("COPPICE_TEST_THROWING"), "it threw something that is no std::exception"},
        {required_variable("COPPICE_TEST_NO_WORKERS"), "is no worker library: it exports no coppice_register_workers"},
        {required_variable("COPPICE_TEST_OTHER_ABI"),
         "was built for version 999 of the worker interface, this program has version "},
        {required_variable("COPPICE_TEST_TAKEN_NAME"), "its registration of workers failed: "},
    };
    for (const auto& each : examples) {
      for (const std::string command : {"run", "check", "graph"}) {
        const auto done = run({command, "-", "--load", each.library}, {.input = calm});
        CHECK(done.status == 2);
        CHECK(done.output.empty());
        CHECK_MESSAGE(contains(done.errors, each.fault), done.errors);
        CHECK(count_of(done.errors, "\n") == 1);
      }
    }
  }
}
