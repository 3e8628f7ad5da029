#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "../tree/temporary_directory.hpp"
#include "child_program.hpp"

using command_tests::required_variable;
using command_tests::run;
using coppice::tests::temporary_directory;

namespace {

const std::string pool = "tests/good_trees/pool_of_100.json";

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("coppice check") {
  TEST_CASE("says what a right tree promises") {
    const auto done = run({"check", pool});
    CHECK(done.status == 0);
    CHECK(contains(done.output, "Processes: 101: 1 supervisor and 100 workers (100 calc)."));
    CHECK(done.errors.empty());
  }

  TEST_CASE("warnings do not change the status") {
    const auto done = run(
        {"check", "-"}, {.input = R"({"id": "root", "max_restarts": 0, "children": [{"id": "a", "start": "calc"}]})"});
    CHECK(done.status == 0);
    CHECK(contains(done.output, "standard input: warning: with \"max_restarts\": 0"));
  }

  TEST_CASE("the tree of the quick start has no warning") {
    const auto done = run({"check", "samples/calc_tree/tree.json"});
    CHECK(done.status == 0);
    CHECK_FALSE(contains(done.output, "warning"));
  }

  TEST_CASE("knows the workers of a library") {
    const std::string tree = R"({"id": "root", "children": [{"id": "a", "start": "slow", "args": {"stop_ms": 5}}]})";
    CHECK(run({"check", "-", "--load", required_variable("COPPICE_TEST_WORKERS")}, {.input = tree}).status == 0);
    const auto without = run({"check", "-"}, {.input = tree});
    CHECK(without.status == 2);
    CHECK(contains(without.errors, "nothing is registered as \"slow\""));
    CHECK(contains(without.errors, "--load LIBRARY"));
  }

  TEST_CASE("faults are on standard error with status 2") {
    const auto done =
        run({"check", "-"}, {.input = R"({"id": "root", "children": [{"id": "a", "start": "calc", "restrat": 1}]})"});
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK(contains(done.errors, "standard input:/children/0: unknown key \"restrat\""));
  }

  TEST_CASE("an answer that cannot be written is status 1") {
    const auto done = run({"check", pool}, {.standard_output = "/dev/full"});
    CHECK(done.status == 1);
    CHECK(done.errors == "coppice: standard output: cannot be written: No space left on device\n");
  }
}

TEST_SUITE("coppice graph") {
  TEST_CASE("draws DOT") {
    const auto done = run({"graph", pool});
    CHECK(done.status == 0);
    CHECK(done.output.starts_with("digraph"));
  }

  TEST_CASE("draws an SVG, or says that Graphviz is missing") {
    const auto done = run({"graph", pool, "--format", "svg"});
    if (done.status == 0) {
      CHECK(contains(done.output, "<svg"));
    } else {
      CHECK(done.status == 1);
      CHECK(done.errors.starts_with("coppice: an SVG needs Graphviz"));
    }
  }

  TEST_CASE("without Graphviz says what to install, with status 1") {
    const auto done = run({"graph", pool, "--format", "svg"}, {.environment = {"PATH=/nowhere"}});
    CHECK(done.status == 1);
    CHECK(done.output.empty());
    CHECK(contains(done.errors, "coppice: an SVG needs Graphviz, and its program \"dot\" is not there."));
  }

  TEST_CASE("writes a file") {
    const temporary_directory directory;
    const std::string file = directory.path("tree.dot");
    const auto done = run({"graph", pool, "--output", file});
    CHECK(done.status == 0);
    CHECK(done.output.empty());
    std::ifstream drawn{file};
    CHECK(std::string{std::istreambuf_iterator<char>{drawn}, {}} == run({"graph", pool}).output);
  }

  TEST_CASE("a file that cannot be written is status 1") {
    const auto full = run({"graph", pool, "--output", "/dev/full"});
    CHECK(full.status == 1);
    CHECK(full.errors == "coppice: /dev/full: cannot be written: No space left on device\n");
    CHECK(run({"graph", pool, "--output", "/nowhere/tree.dot"}).status == 1);
  }

  TEST_CASE("a drawing does not overwrite what it is of") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", R"({"id": "root"})");
    const auto done = run({"graph", tree, "--output", tree});
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK(done.errors ==
          "coppice: graph: --output " + tree + " would overwrite " + tree + ", which is read. Name another file.\n");
    std::ifstream kept{tree};
    CHECK(std::string{std::istreambuf_iterator<char>{kept}, {}} == R"({"id": "root"})");
  }

  TEST_CASE("a bad tree is not drawn") {
    const auto done = run({"graph", "-"}, {.input = "{}"});
    CHECK(done.status == 2);
    CHECK(done.output.empty());
  }
}

TEST_SUITE("coppice schema") {
  TEST_CASE("prints a JSON Schema of draft 7") {
    const auto done = run({"schema"});
    CHECK(done.status == 0);
    CHECK(nlohmann::json::parse(done.output)["$schema"] == "http://json-schema.org/draft-07/schema#");
    CHECK(done.output.ends_with("}\n"));
    CHECK(done.errors.empty());
  }

  TEST_CASE("a schema that cannot be written is status 1") {
    const auto done = run({"schema"}, {.standard_output = "closed"});
    CHECK(done.status == 1);
    CHECK(done.errors == "coppice: standard output: cannot be written: Bad file descriptor\n");
  }
}
