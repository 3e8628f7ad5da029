#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/command/command_line.hpp>
#include <coppice/command/determinism_check.hpp>
#include <coppice/command/replay.hpp>

#include "../tree/temporary_directory.hpp"
#include "child_program.hpp"

using command_tests::outcome;
using command_tests::required_variable;
using coppice::command::first_difference;
using coppice::command::parse_command_line;
using coppice::command::replay_command;
using coppice::command::run_options;
using coppice::tests::temporary_directory;

namespace {

// Two pools of what crashes at random, beside each other.
constexpr const char* frail_tree = R"({"id": "root", "children": [
    {"id": "one", "type": "supervisor", "strategy": "one_for_all", "max_restarts": 1000,
     "children": [{"id": "a", "start": "frail", "count": 4}]},
    {"id": "two", "type": "supervisor", "strategy": "rest_for_one", "max_restarts": 1000,
     "children": [{"id": "b", "start": "frail", "count": 4}, {"id": "c", "start": "calc"}]}]})";

constexpr const char* one_of_each = R"({"id": "root", "children": [{"id": "a", "start": "WORKER"}]})";

std::string tree_with(std::string_view worker) {
  std::string tree = one_of_each;
  return tree.replace(tree.find("WORKER"), 6, worker);
}

outcome simulate(const std::string& tree, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run", "-", "--simulate", "--load", required_variable("COPPICE_TEST_WORKERS")};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return command_tests::run(arguments, {.input = tree});
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// The words of a command that needs no quotes.
std::vector<std::string> words_of(const std::string& command) {
  std::istringstream from{command};
  return {std::istream_iterator<std::string>{from}, {}};
}

std::string after(const std::string& text, std::string_view mark) {
  const auto at = text.rfind(mark);
  if (at == std::string::npos) return "";
  const auto begin = at + mark.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

TEST_SUITE("coppice run --simulate") {
  TEST_CASE("without a time the tree starts, comes to rest, and shuts down") {
    const auto done = simulate(tree_with("calc"), {"--seed", "1", "--trace", "-"});
    CHECK(done.status == 0);
    CHECK(done.output == R"({"event":"started","path":"root/a","incarnation":1}
{"event":"started","path":"root","incarnation":1}
{"event":"exited","path":"root/a","incarnation":1,"reason":"shutdown"}
{"event":"exited","path":"root","incarnation":1,"reason":"shutdown"}
{"event":"done"}
)");
    CHECK(contains(done.errors, "0.000 s  stopping   (all are at rest): 2 processes\n"));
  }

  TEST_CASE("--for lets so much time pass") {
    const auto done = simulate(tree_with("calc"), {"--for", "2d"});
    CHECK(done.status == 0);
    CHECK(contains(done.output, "172800.000 s  stopping   (the time is over): 2 processes\n"));
  }

  TEST_CASE("a seed that was not given is drawn and told") {
    const auto done = simulate(tree_with("calc"), {});
    CHECK(done.status == 0);
    CHECK(done.errors.starts_with("coppice: seed "));
    CHECK(simulate(tree_with("calc"), {"--seed", "1"}).errors.empty());
  }

  TEST_CASE("a seed gives the same trace each time, and others give others") {
    std::set<std::string> different;
    constexpr int seeds = 20;
    for (int seed = 0; seed < seeds; ++seed) {
      INFO("seed " << seed);
      const auto first = simulate(frail_tree, {"--seed", std::to_string(seed), "--for", "30min", "--trace", "-"});
      CHECK(first.status == 0);
      CHECK(contains(first.output, "worn_out"));
      CHECK(simulate(frail_tree, {"--seed", std::to_string(seed), "--for", "30min", "--trace", "-"}).output ==
            first.output);
      different.insert(first.output);
    }
    CHECK(different.size() == seeds);
  }

  TEST_CASE("a run that fails tells the one command that repeats it") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", tree_with("frail"));
    const std::string workers = required_variable("COPPICE_TEST_WORKERS");
    const std::string trace = directory.path("trace.jsonl");
    // Once in a while the second crash comes within five seconds of the first.
    int failed = 0;
    for (int seed = 0; seed < 20; ++seed) {
      INFO("seed " << seed);
      const auto done = command_tests::run({"run", tree, "--load", workers, "--simulate", "--seed",
                                            std::to_string(seed), "--for", "12h", "--trace", "-"});
      CHECK(contains(done.errors, "to see it again: ") == (done.status != 0));
      if (done.status == 0) continue;
      ++failed;
      CHECK(contains(done.errors, "root gave up"));
      auto words = words_of(after(done.errors, "to see it again: "));
      REQUIRE(words.size() > 2);
      CHECK(words.front() == "coppice");
      words.erase(words.begin());
      words.insert(words.end(), {"--trace", "-"});
      const auto again = command_tests::run(words);
      CHECK(again.status == done.status);
      CHECK(again.output == done.output);
    }
    CHECK(failed > 0);
  }

  TEST_CASE("a tree that never comes to rest is told, with who waits") {
    const auto done = simulate(tree_with("stubborn"), {"--seed", "9"});
    CHECK(done.status == 1);
    CHECK_MESSAGE(contains(done.errors, "the tree does not come to rest: root/a: it is in its handler of "),
                  done.errors);
    CHECK(contains(done.errors, ", and waits there\n"));
    // It was not told to end, so its "shutdown" is no matter; and who does not rest is not said to.
    CHECK_FALSE(contains(done.errors, "it is killed after"));
    CHECK_FALSE(contains(done.errors, "at rest)"));
    CHECK(contains(done.errors + done.output, "stopping   (it does not come to rest): 2 processes\n"));
    CHECK(contains(done.errors, "coppice: to see it again: coppice run - --load="));
  }

  TEST_CASE("a tree whose start never ends is told, instead of waited for") {
    const auto done = simulate(tree_with("unborn"), {"--seed", "9", "--trace", "-"});
    CHECK(done.status == 1);
    CHECK(contains(done.errors, "nothing can happen any more: all processes wait, and no timer is pending"));
    CHECK(contains(done.errors, "unborn"));
    CHECK(contains(done.errors, "to see it again: "));
    const temporary_directory directory;
    const std::string script = directory.write("script.json", "[]");
    for (const bool seeded : {true, false}) {
      std::vector<std::string> arguments{"run",      "-",   "--load", required_variable("COPPICE_TEST_WORKERS"),
                                         "--script", script};
      if (seeded) arguments.insert(arguments.end(), {"--simulate", "--seed", "1"});
      const auto scripted = command_tests::run(arguments, {.input = tree_with("unborn")});
      CHECK(scripted.status == 2);
      CHECK(contains(scripted.errors, "step 0: it never ends: all processes wait, and no timer is pending\n"));
    }
  }

  TEST_CASE("a script can run under a seed, and its failure tells how to see it again") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", R"({"id": "root", "max_restarts": 9, "children": [
        {"id": "a", "start": "calc"}, {"id": "b", "start": "calc"}]})");
    const std::string script = directory.write("script.json", R"([
        {"do": "exit", "target": "root/a", "reason": "kill"}, {"do": "view", "target": "root/a"},
        {"do": "crash", "target": "root", "reason": "boom"}])");
    const auto plain = command_tests::run({"run", tree, "--script", script});
    for (int seed = 0; seed < 20; ++seed) {
      const auto done =
          command_tests::run({"run", tree, "--script", script, "--simulate", "--seed", std::to_string(seed)});
      CHECK(done.status == 0);
      // Nothing in this script depends on an order of turns.
      CHECK(done.output == plain.output);
    }
    const std::string stuck = directory.write("stuck.json", R"([{"do": "start_child", "supervisor": "root",
        "spec": {"id": "s", "start": "stubborn"}}])");
    const auto failed = command_tests::run({"run", tree, "--load", required_variable("COPPICE_TEST_WORKERS"),
                                            "--script", stuck, "--simulate", "--seed", "77"});
    CHECK(failed.status == 2);
    CHECK_MESSAGE(contains(failed.errors, " --simulate --seed 77 --script=" + stuck + "\n"), failed.errors);
  }
}

TEST_SUITE("coppice run --check-determinism") {
  TEST_CASE("two runs of one seed are compared, and the trace can be had beside the verdict") {
    const auto done = simulate(frail_tree, {"--seed", "4", "--for", "1h", "--check-determinism", "--trace", "-"});
    CHECK(done.status == 0);
    CHECK(contains(done.errors, "standard input: two runs with seed 4 are the same: "));
    CHECK(done.output == simulate(frail_tree, {"--seed", "4", "--for", "1h", "--trace", "-"}).output);
    const auto alone = simulate(frail_tree, {"--check-determinism"});
    CHECK(alone.status == 0);
    CHECK(contains(alone.output, "are the same: 25 lines of trace\n"));
  }

  TEST_CASE("what differs is told by its first line, both times") {
    const auto done = simulate(tree_with("erratic"), {"--seed", "4", "--check-determinism"});
    CHECK(done.status == 1);
    CHECK(done.output.empty());
    CHECK_MESSAGE(contains(done.errors, "two runs with seed 4 are not the same: their traces differ first in line 2, "),
                  done.errors);
    CHECK(contains(done.errors, R"(  first:  {"event":"exited","path":"root/a","incarnation":1,"reason":"p)"));
    CHECK(contains(done.errors, R"(  second: {"event":"exited","path":"root/a","incarnation":1,"reason":"p)"));
  }

  TEST_CASE("runs that fail in the same way are the same, and failed") {
    const auto done = simulate(tree_with("broken"), {"--seed", "4", "--check-determinism"});
    CHECK(done.status == 1);
    CHECK(contains(done.output, "two runs with seed 4 are the same: "));
    CHECK(contains(done.errors, "the tree did not start: root/a: no_disk"));
  }

  TEST_CASE("bad input is told once") {
    const auto done = simulate("{}", {"--check-determinism", "--seed", "1"});
    CHECK(done.status == 2);
    CHECK(done.output.empty());
    CHECK(contains(done.errors, "standard input:"));
    CHECK(done.errors.find("standard input:") == done.errors.rfind("standard input:"));
  }

  TEST_CASE("a script is compared too") {
    const temporary_directory directory;
    const std::string script = directory.write("script.json", R"([{"do": "advance", "ms": 3600000}])");
    const auto done = simulate(frail_tree, {"--script", script, "--check-determinism"});
    CHECK(done.status == 0);
    CHECK(contains(done.output, " are the same: "));
    CHECK(simulate(frail_tree, {"--script", script, "--seed", "1"}).output !=
          simulate(frail_tree, {"--script", script, "--seed", "2"}).output);
  }

  TEST_CASE("the first difference is told by line, byte, and both lines") {
    CHECK_FALSE(first_difference("a\nb\n", "a\nb\n"));
    CHECK(first_difference("a\nbcd\n", "a\nbxd\n") == "line 2, byte 2:\n  first:  bcd\n  second: bxd\n");
    CHECK(first_difference("a\nb\n", "a\n") == "line 2, byte 1:\n  first:  b\n  second: (the end)\n");
    CHECK(first_difference("", "a") == "line 1, byte 1:\n  first:  (the end)\n  second: a\n");
  }

  TEST_CASE("the command that repeats a run is one that a shell and the command understand") {
    run_options options;
    options.tree = "my tree's.json";
    options.libraries = {"a b.so", "--c.so"};
    options.script = "s.json";
    options.seed = 18446744073709551615U;
    CHECK(
        replay_command(options) ==
        R"(coppice run 'my tree'\''s.json' '--load=a b.so' --load=--c.so --simulate --seed 18446744073709551615 --script=s.json)");

    run_options odd;
    odd.tree = "--odd.json";
    odd.seed = 3;
    odd.time = std::chrono::minutes{90};
    CHECK(replay_command(odd) == "coppice run --simulate --seed 3 --for 5400000ms -- --odd.json");
    auto words = words_of(replay_command(odd));
    words.erase(words.begin());
    const auto parsed = std::get<run_options>(parse_command_line(words));
    CHECK(parsed.tree == odd.tree);
    CHECK(parsed.seed == odd.seed);
    CHECK(parsed.time == odd.time);
    CHECK(parsed.simulate);
  }
}
