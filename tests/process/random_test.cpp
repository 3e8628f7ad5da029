#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <set>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/random.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

std::vector<std::uint64_t> drawn(const runtime_options& options) {
  std::vector<std::uint64_t> numbers;
  in_runtime(options, [&numbers] {
    for (int i = 0; i < 10; ++i) numbers.push_back(draw());
  });
  return numbers;
}

}  // namespace

TEST_SUITE("random") {
  TEST_CASE("with a seed the numbers are the same in every run and on every machine") {
    const auto numbers = drawn({.seed = 1});
    CHECK(numbers == drawn({.seed = 1}));
    CHECK(numbers == drawn({.virtual_time = true, .seed = 1}));
    CHECK(numbers[0] == 1927618558350093866U);
    CHECK(std::set<std::uint64_t>{numbers.begin(), numbers.end()}.size() == numbers.size());
  }

  TEST_CASE("other seeds give other numbers") {
    CHECK(drawn({.seed = 1}) != drawn({.seed = 2}));
  }

  TEST_CASE("in virtual time without a seed the numbers are always the same, in real time never") {
    CHECK(drawn({.virtual_time = true}) == drawn({.virtual_time = true}));
    CHECK(drawn({.threads = 1}) != drawn({.threads = 1}));
  }

  TEST_CASE("draw_below draws each number below its limit, and no other") {
    in_runtime({.seed = 3}, [] {
      std::array<int, 7> times{};
      for (int i = 0; i < 7'000; ++i) ++times.at(draw_below(times.size()));
      CHECK(std::all_of(times.begin(), times.end(), [](int each) { return each > 800 && each < 1'200; }));
      CHECK(draw_below(1) == 0);
      CHECK_THROWS_AS(draw_below(0), std::invalid_argument);
      for (int i = 0; i < 100; ++i) CHECK(draw_below((std::uint64_t{1} << 63U) + 1) <= std::uint64_t{1} << 63U);
    });
  }

  TEST_CASE("the standard library's algorithms can draw") {
    in_runtime({.seed = 3}, [] {
      std::vector<int> cards(52);
      std::iota(cards.begin(), cards.end(), 0);
      auto shuffled = cards;
      std::shuffle(shuffled.begin(), shuffled.end(), random_bits{});
      CHECK(shuffled != cards);
      std::sort(shuffled.begin(), shuffled.end());
      CHECK(shuffled == cards);
    });
  }

  TEST_CASE("a fresh seed is short, and different each time") {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 8; ++i) seeds.insert(random_seed());
    CHECK(seeds.size() > 1);
    CHECK(*seeds.rbegin() <= 0xFFFFFFFFU);
  }

  TEST_CASE("outside a runtime there is nothing to draw from") {
    CHECK_THROWS_AS(draw(), std::logic_error);
  }
}
