#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/command/command_line.hpp>
#include <coppice/command/help_pages.hpp>

#include "child_program.hpp"

using namespace coppice::command;

namespace {

std::string fault_of(const std::vector<std::string>& arguments) {
  try {
    parse_command_line(arguments);
  } catch (const usage_fault& fault) {
    return fault.what();
  }
  return "none";
}

}  // namespace

TEST_SUITE("command line") {
  TEST_CASE("run takes a tree and its options in any order") {
    const auto parsed = parse_command_line(
        {"run", "--load", "a.so", "tree.json", "--threads=3", "--trace", "-", "--load", "b.so", "--verbose"});
    const auto& run = std::get<run_options>(parsed);
    CHECK(run.tree == "tree.json");
    CHECK(run.libraries == std::vector<std::string>{"a.so", "b.so"});
    CHECK(run.threads == 3U);
    CHECK(run.trace == "-");
    CHECK(run.verbose);
    CHECK_FALSE(run.script);
  }

  TEST_CASE("a simulated run has a seed, and a time with a unit") {
    const auto parsed = parse_command_line(
        {"run", "t.json", "--simulate", "--seed", "18446744073709551615", "--for", "90min", "--check-determinism"});
    const auto& run = std::get<run_options>(parsed);
    CHECK(run.simulate);
    CHECK(run.checks_determinism);
    CHECK(run.seed == 18446744073709551615U);
    CHECK(run.time == std::chrono::minutes{90});
    const auto plain = std::get<run_options>(parse_command_line({"run", "t.json"}));
    CHECK_FALSE(plain.simulate);
    CHECK_FALSE(plain.seed);
    for (const auto& [text, ms] : std::vector<std::pair<const char*, int>>{
             {"0s", 0}, {"7ms", 7}, {"2s", 2'000}, {"3h", 10'800'000}, {"1d", 86'400'000}}) {
      CHECK(std::get<run_options>(parse_command_line({"run", "t", "--simulate", "--for", text})).time ==
            std::chrono::milliseconds{ms});
    }
  }

  TEST_CASE("a tree may come from standard input") {
    CHECK(std::get<check_options>(parse_command_line({"check", "-"})).tree == "-");
    CHECK(std::get<run_options>(parse_command_line({"run", "tree.json", "--script", "-"})).script == "-");
  }

  TEST_CASE("after -- everything is a file name") {
    CHECK(std::get<check_options>(parse_command_line({"check", "--", "--odd.json"})).tree == "--odd.json");
  }

  TEST_CASE("graph draws DOT on standard output unless told") {
    const auto plain = std::get<graph_options>(parse_command_line({"graph", "t.json"}));
    CHECK(plain.as == graph_options::format::dot);
    CHECK(plain.to == "-");
    const auto told =
        std::get<graph_options>(parse_command_line({"graph", "t.json", "--format", "svg", "--output", "t.svg"}));
    CHECK(told.as == graph_options::format::svg);
    CHECK(told.to == "t.svg");
  }

  TEST_CASE("each command has a page of help, whatever else stands there") {
    CHECK(std::get<page>(parse_command_line({"--help"})).text == help::overview);
    CHECK(std::get<page>(parse_command_line({"run", "--help"})).text == help::run);
    CHECK(std::get<page>(parse_command_line({"run", "tree.json", "-h"})).text == help::run);
    CHECK(std::get<page>(parse_command_line({"check", "--help"})).text == help::check);
    CHECK(std::get<page>(parse_command_line({"graph", "--help"})).text == help::graph);
    CHECK(std::get<page>(parse_command_line({"schema", "--help"})).text == help::schema);
    CHECK(std::get<page>(parse_command_line({"--version"})).text == help::version);
  }

  TEST_CASE("a wrong line is told with what was expected and what was found") {
    struct example {
      std::vector<std::string> arguments;
      const char* fault;
    };
    const example examples[] = {
        {{}, "expected a command: run, check, graph, schema, chaos; got none. See coppice --help."},
        {{"chekc", "t.json"}, "unknown command \"chekc\"; did you mean \"check\"? See coppice --help."},
        {{"bake"}, "unknown command \"bake\". Commands: run, check, graph, schema, chaos. See coppice --help."},
        {{"--verison"}, "unknown option \"--verison\"; did you mean \"--version\"? See coppice --help."},
        {{"run"}, "run: expected a tree file, or - for standard input; got none. See coppice run --help."},
        {{"run", "a", "b"}, "run: expected one tree file; got \"a\" and \"b\". See coppice run --help."},
        {{"run", "t", "--thread", "3"},
         "run: unknown option \"--thread\"; did you mean \"--threads\"? See coppice run --help."},
        {{"run", "t", "--threads"}, "run: expected a value after --threads; got none. See coppice run --help."},
        {{"run", "t", "--trace", "--verbose"},
         "run: expected a value after --trace; got none. See coppice run --help."},
        {{"run", "t", "--trace", "--"}, "run: expected a value after --trace; got none. See coppice run --help."},
        {{"run", "t", "--threads", "-1"},
         "run: expected a value after --threads; got \"-1\", which begins like an option. Write --threads=-1 if it is "
         "meant. See coppice run --help."},
        {{"run", "t", "--threads=-1"}, "run: expected a whole number, 1 to 1024, after --threads; got \"-1\"."},
        {{"run", "t", "--trace="}, "run: expected a value after --trace; got none. See coppice run --help."},
        {{"run", "t", "--threads", "0"}, "run: expected a whole number, 1 to 1024, after --threads; got \"0\"."},
        {{"run", "t", "--threads", "1025"}, "run: expected a whole number, 1 to 1024, after --threads; got \"1025\"."},
        {{"run", "t", "--threads", "2x"}, "run: expected a whole number, 1 to 1024, after --threads; got \"2x\"."},
        {{"run", "t", "--script", "s", "--threads", "2"},
         "run: --threads cannot stand beside --script: a script runs in virtual time, on one thread. Leave one of them "
         "out."},
        {{"run", "t", "--simulate", "--threads", "2"},
         "run: --threads cannot stand beside --simulate: a simulation runs in virtual time, on one thread. Leave one "
         "of "
         "them out."},
        {{"run", "t", "--seed", "1"}, "run: --seed is for simulated runs: add --simulate, or leave it out."},
        {{"run", "t", "--for", "1h"}, "run: --for is for simulated runs: add --simulate, or leave it out."},
        {{"run", "t", "--check-determinism"},
         "run: --check-determinism is for simulated runs: add --simulate, or leave it out."},
        {{"run", "t", "--script", "s", "--seed", "1"},
         "run: --seed is for simulated runs: add --simulate, or leave it out."},
        {{"run", "t", "--simulate", "--script", "s", "--for", "1h"},
         "run: --for cannot stand beside --script: there time passes by the steps of the script (\"advance\"). Leave "
         "one of them out."},
        {{"run", "t", "--simulate", "--seed", "x"},
         "run: expected a whole number, 0 to 18446744073709551615, after --seed; got \"x\"."},
        {{"run", "t", "--simulate", "--seed=-1"},
         "run: expected a whole number, 0 to 18446744073709551615, after --seed; got \"-1\"."},
        {{"run", "t", "--simulate", "--seed", "18446744073709551616"},
         "run: expected a whole number, 0 to 18446744073709551615, after --seed; got \"18446744073709551616\"."},
        {{"run", "t", "--simulate", "--for", "90"},
         "run: expected a time with its unit (ms, s, min, h, d), such as 90s or 24h, up to a century, after --for; got "
         "\"90\"."},
        {{"run", "t", "--simulate", "--for", "36526d"},
         "run: expected a time with its unit (ms, s, min, h, d), such as 90s or 24h, up to a century, after --for; got "
         "\"36526d\"."},
        {{"run", "t", "--script", "a", "--script", "b"},
         "run: expected --script once; got it 2 times. See coppice run --help."},
        {{"run", "-", "--script", "-"}, "run: the tree and the script cannot both come from standard input (-)."},
        {{"run", "t", "--verbose=yes"},
         "run: --verbose takes no value; got \"--verbose=yes\". See coppice run --help."},
        {{"graph", "t", "--format", "sgv"},
         "graph: expected \"dot\" or \"svg\" after --format; got \"sgv\"; did you mean \"svg\"?"},
        {{"chaos"}, "chaos: expected a tree file, or - for standard input; got none. See coppice chaos --help."},
        {{"chaos", "t", "p", "q"},
         "chaos: expected a tree file and at most one plan; got 3 files. See coppice chaos --help."},
        {{"chaos", "t", "--seed", "seven"},
         "chaos: expected a whole number, 0 to 18446744073709551615, after --seed; got \"seven\"."},
        {{"chaos", "t", "--threads", "2"},
         "chaos: --threads is for real time: a simulation runs on one thread. Add --real-time, or leave it out."},
        {{"chaos", "t", "p", "--sweep"},
         "chaos: --sweep takes no plan: it hits each point in turn. Leave one of them out."},
        {{"chaos", "t", "--sweep", "--real-time"},
         "chaos: --real-time cannot stand beside --sweep: a point is found again in virtual time only."},
        {{"chaos", "t", "--sweep", "--report", "out"},
         "chaos: --report cannot stand beside --sweep, which is reported on the terminal and by --junit."},
        {{"chaos", "t", "--script", "s"}, "chaos: --script is for sweeps: add --sweep, or leave it out."},
        {{"chaos", "t", "--expect", "e"}, "chaos: --expect is for sweeps: add --sweep, or leave it out."},
        {{"chaos", "t", "--way", "kill"}, "chaos: --way is for sweeps: add --sweep, or leave it out."},
        {{"chaos", "t", "--victims", "a"}, "chaos: --victims is for sweeps: add --sweep, or leave it out."},
        {{"chaos", "t", "--point", "1"}, "chaos: --point is for sweeps: add --sweep, or leave it out."},
        {{"chaos", "t", "--sweep", "--point", "1"}, "chaos: --point needs one --way: the one in which it is hit."},
        {{"chaos", "-", "-"},
         "chaos: only one of the tree, the plan, the script and the expectations can come from standard input (-)."},
        {{"chaos", "t", "--sweep", "--script", "-", "--expect", "-"},
         "chaos: only one of the tree, the plan, the script and the expectations can come from standard input (-)."},
        {{"schema", "t"}, "schema: takes no file; got \"t\". See coppice schema --help."},
    };
    for (const auto& each : examples) CHECK(fault_of(each.arguments) == each.fault);
  }

  TEST_CASE("a wrong line ends the command with status 2 and one line on standard error") {
    const auto wrong = command_tests::run({"rnu", "tree.json"});
    CHECK(wrong.status == 2);
    CHECK(wrong.output.empty());
    CHECK(wrong.errors == "coppice: unknown command \"rnu\"; did you mean \"run\"? See coppice --help.\n");
  }

  TEST_CASE("help and version go to standard output") {
    const auto help = command_tests::run({"--help"});
    CHECK(help.status == 0);
    CHECK(help.output == help::overview);
    const auto version = command_tests::run({"--version"});
    CHECK(version.status == 0);
    CHECK(version.output == help::version);
  }
}
