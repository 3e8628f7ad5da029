#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/dice.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("dice") {
  TEST_CASE("a seed gives the same numbers and times, in every build") {
    dice by{7};
    CHECK(by.draw() == 9672475392221035855U);
    CHECK(by.below(1000) == 725U);
    CHECK(by.uniform(1s) == 252697886ns);
    CHECK(by.exponential(1s) == 883229267ns);
    dice again{7};
    CHECK(again.draw() == dice{7}.draw());
    CHECK(again.draw() != dice{8}.draw());
  }

  TEST_CASE("below gives each number as often") {
    dice by{1};
    std::array<int, 7> counts{};
    constexpr int draws = 70'000;
    for (int i = 0; i < draws; ++i) ++counts.at(by.below(counts.size()));
    for (const int count : counts) CHECK(count == doctest::Approx(10'000).epsilon(0.05));
    CHECK(by.below(1) == 0);
    // Of three quarters of all numbers, one in three is below a third of them: a plain remainder would give half.
    constexpr std::uint64_t limit = std::uint64_t{3} << 62U;
    int low = 0;
    for (int i = 0; i < draws; ++i) low += by.below(limit) < limit / 3 ? 1 : 0;
    CHECK(low == doctest::Approx(draws / 3.0).epsilon(0.05));
  }

  TEST_CASE("uniform times are from 0 to twice the mean, each as likely") {
    dice by{2};
    constexpr int draws = 100'000;
    std::chrono::nanoseconds sum{0};
    std::chrono::nanoseconds least = 1h;
    std::chrono::nanoseconds most{0};
    int in_first_quarter = 0;
    for (int i = 0; i < draws; ++i) {
      const auto time = by.uniform(1ms);
      sum += time;
      least = std::min(least, time);
      most = std::max(most, time);
      in_first_quarter += time < 500us ? 1 : 0;
    }
    CHECK(least >= 0ns);
    CHECK(least < 1us);
    CHECK(most <= 2ms);
    CHECK(most > 1999us);
    CHECK(sum.count() == doctest::Approx(1e6 * draws).epsilon(0.01));
    CHECK(in_first_quarter == doctest::Approx(draws / 4.0).epsilon(0.03));
  }

  TEST_CASE("exponential times are as the waits for independent events") {
    dice by{3};
    constexpr int draws = 100'000;
    double sum = 0;
    double squares = 0;
    std::array<int, 4> longer_than{};  // so many means
    for (int i = 0; i < draws; ++i) {
      const double means = static_cast<double>(by.exponential(1ms).count()) / 1e6;
      sum += means;
      squares += means * means;
      for (std::size_t n = 0; n < longer_than.size(); ++n) longer_than[n] += means > static_cast<double>(n) ? 1 : 0;
    }
    CHECK(sum / draws == doctest::Approx(1).epsilon(0.02));
    CHECK(squares / draws == doctest::Approx(2).epsilon(0.05));
    CHECK(longer_than[0] == doctest::Approx(draws).epsilon(0.001));
    CHECK(longer_than[1] == doctest::Approx(draws * 0.367879).epsilon(0.02));
    CHECK(longer_than[2] == doctest::Approx(draws * 0.135335).epsilon(0.05));
    CHECK(longer_than[3] == doctest::Approx(draws * 0.049787).epsilon(0.1));
  }

  TEST_CASE("a mean of nothing gives nothing, and one of centuries does not overflow") {
    dice by{4};
    CHECK(by.uniform(0ns) == 0ns);
    CHECK(by.exponential(0ns) == 0ns);
    CHECK(by.exponential(-1ns) == 0ns);
    constexpr auto centuries = std::chrono::nanoseconds::max() / 2;
    for (int i = 0; i < 1000; ++i) {
      CHECK(by.exponential(centuries) >= 0ns);
      CHECK(by.uniform(centuries) >= 0ns);
    }
  }
}
