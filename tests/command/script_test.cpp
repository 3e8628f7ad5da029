#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "../tree/temporary_directory.hpp"
#include "child_program.hpp"

using command_tests::required_variable;
using command_tests::run;
using coppice::tests::temporary_directory;

namespace {

struct files {
  temporary_directory directory;
  std::string tree = directory.write("tree.json", R"({"id": "root", "children": [
      {"id": "a", "start": "calc", "args": {"initial": 5}}, {"id": "b", "start": "fuse", "args": {"burns": 0}}]})");

  command_tests::outcome run_script(const std::string& script, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"run",      tree, "--load", required_variable("COPPICE_TEST_WORKERS"),
                                       "--script", "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, {.input = script});
  }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("coppice run --script") {
  TEST_CASE("the trace goes to standard output, and a script that reaches its end is an orderly end") {
    const files here;
    const auto done = here.run_script(R"([{"do": "send", "target": "root/a", "message": {"div": 0}},
        {"do": "view", "target": "root/a"}, {"do": "advance", "ms": 86400000}])");
    CHECK(done.status == 0);
    CHECK(done.errors.empty());
    CHECK(contains(done.output, R"({"event":"exited","path":"root/a","incarnation":1,"reason":"badarith"})"));
    CHECK(contains(done.output, R"({"event":"result","step":2,"ok":true,"value":5.0})"));
    CHECK(done.output.ends_with("{\"event\":\"done\"}\n"));
  }

  TEST_CASE("a dead root is an orderly end too") {
    const files here;
    const auto done = here.run_script(R"([{"do": "exit", "target": "root", "reason": "kill"}])");
    CHECK(done.status == 0);
    CHECK(done.output.ends_with("{\"event\":\"done\"}\n"));
  }

  TEST_CASE("the trace can go to a file") {
    const files here;
    const std::string trace = here.directory.path("trace.jsonl");
    const auto done = here.run_script("[]", {"--trace", trace});
    CHECK(done.status == 0);
    CHECK(done.output.empty());
    std::ifstream file{trace};
    const std::string written{std::istreambuf_iterator<char>{file}, {}};
    CHECK(written == here.run_script("[]").output);
  }

  TEST_CASE("with --verbose the library's own reports are on standard error") {
    const files here;
    const auto done = here.run_script(R"([{"do": "send", "target": "root/a", "message": {"div": 0}}])", {"--verbose"});
    CHECK(done.status == 0);
    CHECK(contains(done.errors, "badarith"));
  }

  TEST_CASE("a message that a worker does not know is a fault of the script, and nothing is started") {
    const files here;
    const auto done = here.run_script(R"([{"do": "send", "target": "root/a", "message": {"ad": 20}}])");
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK_MESSAGE(
        contains(done.errors, "standard input:/0/message: step 1: unknown message \"ad\"; did you mean \"add\"?"),
        done.errors);
  }

  TEST_CASE("view of a worker that cannot answer it is a fault of the script") {
    const files here;
    const auto done = here.run_script(R"([{"do": "view", "target": "root/b"}])");
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK_MESSAGE(done.errors.starts_with("standard input:/0: step 1: "), done.errors);
  }

  TEST_CASE("faults of the tree and of the script are shown together") {
    const files here;
    const std::string bad = here.directory.write("bad.json", R"({"id": "root", "strategi": "x"})");
    const auto done = run({"run", bad, "--script", "-"}, {.input = R"([{"do": "dance"}])"});
    CHECK(done.status == 2);
    CHECK(contains(done.errors, bad + ": unknown key \"strategi\""));
    CHECK(contains(done.errors, "standard input:/0/do: "));
  }

  TEST_CASE("a script that is not there is a bad one") {
    const files here;
    const auto done =
        run({"run", here.tree, "--script", "nowhere.json", "--load", required_variable("COPPICE_TEST_WORKERS")});
    CHECK(done.status == 2);
    CHECK(contains(done.errors, "nowhere.json: no such file"));
  }

  TEST_CASE("a trace that cannot be written is status 1") {
    const files here;
    const auto full = here.run_script("[]", {"--trace", "/dev/full"});
    CHECK(full.status == 1);
    CHECK(full.errors == "coppice: /dev/full: cannot be written: No space left on device\n");
    const auto nowhere = here.run_script("[]", {"--trace", "/nowhere/trace"});
    CHECK(nowhere.status == 1);
    CHECK(nowhere.errors == "coppice: /nowhere/trace: cannot be opened for writing: No such file or directory\n");
  }

  TEST_CASE("the trace overwrites no file that is read, by whatever name") {
    const files here;
    const std::string script = here.directory.write("script.json", "[]");
    const std::string link = here.directory.path("link.json");
    std::filesystem::create_symlink(here.tree, link);
    const std::string workers = required_variable("COPPICE_TEST_WORKERS");
    for (const auto& trace : {here.tree, link, script, workers}) {
      const auto done = run({"run", here.tree, "--load", workers, "--script", script, "--trace", trace});
      CHECK(done.status == 2);
      CHECK(done.output.empty());
      CHECK(done.errors.starts_with("coppice: run: --trace " + trace + " would overwrite "));
      const auto live = run({"run", here.tree, "--load", workers, "--trace", trace == script ? link : trace});
      CHECK(live.status == 2);
      CHECK(live.output.empty());
    }
    CHECK(here.run_script("[]").status == 0);
  }
}
