// Looks for a bug that somebody has planted: runs random trees, one for each of a thousand seeds, until one breaks an
// invariant, and prints which. Ends with status 1 then. The patches of tests/sabotage plant the bugs.

#include <iostream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "chaos/random_tree.hpp"

int main() {
  constexpr std::uint64_t seeds = 1000;
  coppice::testing::experiences been_through;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    std::vector<std::string> broken;
    const auto lines = coppice::testing::run_random_tree(seed, been_through, &broken);
    if (lines.empty()) continue;
    std::cout << fmt::format("seed {}: broken {}: {}\n", seed, broken.size() == 1 ? "alone" : "together",
                             fmt::join(broken, "; "));
    for (const auto& each : lines) std::cout << each << "\n";
    return 1;
  }
  std::cout << fmt::format("{} random trees have kept all invariants\n", seeds);
  return 0;
}
