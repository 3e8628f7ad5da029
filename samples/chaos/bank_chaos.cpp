// Cuts a bank's tellers down, in virtual time, and sees whether all the money is still there.
//
//     bank_chaos samples/chaos/bank.json 100               with the seeds 0 to 99
//     bank_chaos samples/chaos/bank.json 100 --careless    with tellers that move money in two steps
//     bank_chaos samples/chaos/bank.json --seed 17         with that seed alone
//
// The exit status is 0 if every invariant held with every seed; 1 if not, and then it stops at the first such seed and
// says how to see it again; 2 for a wrong command line or tree.

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include <coppice/chaos/chaos_run.hpp>
#include <coppice/chaos/chaos_table.hpp>
#include <coppice/process/log.hpp>
#include <coppice/tree/tree_file.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "bank.hpp"

namespace {

constexpr int all_the_money = 1000;

// A rule of our own: called when all harm is over and the tree is at rest.
std::optional<std::string> money_is_kept(const coppice::tree_view& living) {
  const int sum = living.call("bank/vault", bank::total{});
  if (sum == all_the_money) return std::nullopt;
  return "there were " + std::to_string(all_the_money) + ", and " + std::to_string(sum) + " are left";
}

struct options {
  std::string tree;
  std::uint64_t seeds = 1;
  std::optional<std::uint64_t> seed;
  bool careless = false;
};

// False: it did not hold, which has been said.
bool holds_with(std::uint64_t seed, const coppice::tree_file& tree, const coppice::worker_registry& workers,
                const options& wanted) {
  coppice::chaos_run_options how;
  how.seed = seed;
  how.invariants = {{"no money is lost", money_is_kept}};
  coppice::chaos_run run{*tree.root, workers, *tree.chaos, how};
  const coppice::chaos_outcome outcome = run.run();
  if (outcome.broken_invariants.empty()) return true;
  for (const auto& each : outcome.broken_invariants) std::cout << to_string(each) << '\n';
  std::cout << "to see it again: bank_chaos " << wanted.tree << " --seed " << seed
            << (wanted.careless ? " --careless" : "") << '\n';
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  options wanted;
  CLI::App app{"Cuts a bank's tellers down, and sees whether all the money is still there.", "bank_chaos"};
  app.add_option("TREE", wanted.tree, "the bank, a JSON file with its chaos plan")->required();
  app.add_option("SEEDS", wanted.seeds, "how many seeds; 1 unless told")->check(CLI::Range(1, 1'000'000));
  app.add_option("--seed", wanted.seed, "that seed alone");
  app.add_flag("--careless", wanted.careless, "tellers move money in two steps");
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& refused) {
    std::cerr << "bank_chaos: " << refused.what() << ". See bank_chaos --help.\n";
    return 2;
  }

  coppice::worker_registry workers;
  workers.add<bank::vault>("vault");
  if (wanted.careless) {
    workers.add<bank::careless_teller>("teller");
  } else {
    workers.add<bank::careful_teller>("teller");
  }
  const coppice::tree_file tree = coppice::read_tree_file(wanted.tree, workers);
  if (!tree.root || !tree.chaos) {
    std::cerr << (tree.root ? "bank_chaos: " + wanted.tree + " has no \"chaos\"\n" : tree.faults.text());
    return 2;
  }

  coppice::set_log_handler([](const coppice::log_record&) {});  // Each cut would be reported.
  const std::uint64_t first = wanted.seed.value_or(0);
  const std::uint64_t last = wanted.seed.value_or(wanted.seeds - 1);
  for (std::uint64_t seed = first;; ++seed) {
    if (!holds_with(seed, tree, workers, wanted)) return 1;
    if (seed == last) break;
  }
  std::cout << "no money is lost\n";
  return 0;
}
