// storms --seeds A..B [--load LIBRARY]... [--tell]
//
// For each seed: a random tree, a random chaos plan, a run in virtual time, and all invariants. Ends with 1 at the
// first seed that breaks one, and says which, with the tree and the command that shows it again.
// --tell prints what happened in each run.

#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <calc/calc.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_run.hpp>
#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/dice.hpp>
#include <coppice/chaos/seed_choice.hpp>
#include <coppice/process/log.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/worker_library.hpp>

#include "conformance/generator.hpp"
#include "simulation/random_plan.hpp"

namespace {

using namespace coppice;  // NOLINT(google-build-using-namespace)

// The trees of the comparison with OTP have budgets that are soon spent: many of these stand more.
void widen_budgets(nlohmann::json& supervisor, dice& by) {
  if (by.below(2) == 0) supervisor["max_restarts"] = 5 + by.below(1000);
  if (!supervisor.contains("children")) return;
  auto& children = supervisor["children"];
  // One that unlinks itself is no child any more.
  for (auto& child : children) {
    if (child.value("type", "worker") == "supervisor") {
      widen_budgets(child, by);
    } else if (child.value("start", "") == "loner") {
      child["start"] = "calc";
      child.erase("args");
    }
  }
}

supervisor_spec checked(const nlohmann::json& tree, const worker_registry& workers) {
  fault_list faults{"the tree"};
  const auto located = read_json(tree.dump(), "a tree", faults);
  auto root = located ? check_tree(*located, workers, faults) : std::nullopt;
  if (!root || !faults.empty()) throw std::runtime_error{"the generator made a wrong tree:\n" + faults.text()};
  return std::move(*root);
}

struct storm_outcome {
  chaos_outcome outcome;
  std::string tree;
};

storm_outcome storm(std::uint64_t seed, const worker_registry& workers, conformance::workers which) {
  dice by{seed};
  nlohmann::json tree = conformance::generate(seed, which).tree;
  widen_budgets(tree, by);
  const supervisor_spec root = checked(tree, workers);
  const chaos_plan plan = simulation_tests::random_plan(root, by);
  chaos_run run{root, workers, plan, {.seed = seed}};
  return {run.run(), tree.dump()};
}

// What happened, in its order.
std::string story_of(const chaos_record& record) {
  std::multimap<std::int64_t, std::string> story;
  for (const auto& each : record.hits) {
    story.emplace(each.time.count(), fmt::format("hit {} {}: {}", each.path, each.incarnation, each.way));
  }
  for (const auto& each : record.lives) {
    story.emplace(each.begin.count(),
                  fmt::format("began {} {} {}", each.path, each.incarnation, to_string(each.process)));
    if (each.end) {
      story.emplace(each.end->count(), fmt::format("ended {} {} {}: {}", each.path, each.incarnation,
                                                   to_string(each.process), each.reason.to_string()));
    }
  }
  for (const auto& each : record.give_ups) story.emplace(each.time.count(), "gave up " + each.path);
  for (const auto& each : record.start_failures) {
    story.emplace(each.time.count(), fmt::format("did not start {}: {}", each.path, each.reason.to_string()));
  }
  std::string text;
  for (const auto& [time, what] : story) text += fmt::format("  {:>15} ns  {}\n", time, what);
  return text;
}

int run(const seed_range& seeds, const std::vector<std::string>& libraries, bool tells, const char* program) {
  worker_registry workers;
  workers.add<calc_sample::calc>("calc");
  for (const auto& each : libraries) load_worker_library(each, workers);
  if (!tells) set_log_handler([](const log_record&) {});
  std::size_t hits = 0;
  std::size_t lives = 0;
  for (std::uint64_t seed = seeds.first;; ++seed) {
    const auto which = libraries.empty() ? conformance::workers::calc_only : conformance::workers::all;
    const auto [outcome, tree] = storm(seed, workers, which);
    if (tells) fmt::print("seed {}\n{}", seed, story_of(outcome.record));
    hits += outcome.record.hits.size();
    lives += outcome.record.lives.size();
    if (!outcome.broken_invariants.empty()) {
      std::string text = fmt::format("seed {} of {} breaks:\n", seed, to_string(seeds));
      for (const auto& each : outcome.broken_invariants) text += "  " + to_string(each) + "\n";
      text += fmt::format("  in the tree {}\n  to see it again: {} --seeds {}", tree, program, seed);
      for (const auto& each : libraries) text += " --load " + each;
      fmt::print("{}\n", text);
      return 1;
    }
    if (seed == seeds.last) break;
  }
  fmt::print("seeds {}: {} hits, {} lives, no invariant broken\n", to_string(seeds), hits, lives);
  return 0;
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{"Random trees under random chaos plans, one for each seed"};
  std::string seeds = "1..300";
  std::vector<std::string> libraries;
  bool tells = false;
  app.add_option("--seeds", seeds, "17, or 1..300");
  app.add_option("--load", libraries, "a library of workers");
  app.add_flag("--tell", tells, "what happened in each run");
  try {
    app.parse(count, words);
    return run(parse_seeds(seeds), libraries, tells, words[0]);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "storms: {}\n", fault.what());
    return 2;
  }
}
