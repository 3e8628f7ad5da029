#include "chaos/random_tree.hpp"

#include <doctest/doctest.h>

#include <coppice/chaos/seed_choice.hpp>

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

// The product is right, as far as is known: so whatever the checker says of it, it says wrongly. A tree of each seed
// goes through all that can happen to trees.

TEST_SUITE("invariants") {
  TEST_CASE("random trees that are cut in all ways keep all invariants") {
    experiences been_through;
    const seed_range seeds = chosen_seeds(300);
    for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
      INFO("seed " << seed);
      std::string all;
      for (const auto& each : run_random_tree(seed, been_through)) all += "\n  " + each;
      CHECK_MESSAGE(all.empty(), all);
      if (seed == seeds.last) break;
    }
    MESSAGE("started " << been_through.started << ", ended " << been_through.ended << ", restarted "
                       << been_through.restarted << ", gave up " << been_through.gave_up << ", failed starts "
                       << been_through.failed_starts << ", added " << been_through.added << ", deleted "
                       << been_through.deleted << ", told to end " << been_through.told_to_end << ", checked "
                       << been_through.quiet_checks << ", stuck " << been_through.stuck);
  }
}
