#include <chrono>
#include <limits>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/clock.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

namespace {

time_point at(std::chrono::nanoseconds since_start) {
  return time_point(since_start);
}

}  // namespace

TEST_SUITE("clock") {
  TEST_CASE("a virtual clock begins at 0 and stands still") {
    virtual_clock const clock;
    CHECK(clock.now() == at(0ns));
    CHECK(clock.now() == at(0ns));
  }

  TEST_CASE("a virtual clock moves by what it is told, to the nanosecond") {
    virtual_clock clock;
    clock.advance(1ns);
    CHECK(clock.now() == at(1ns));
    clock.advance(1h);
    CHECK(clock.now() == at(1h + 1ns));
    clock.advance_to(at(2h));
    CHECK(clock.now() == at(2h));
  }

  TEST_CASE("a virtual clock never goes back") {
    virtual_clock clock;
    clock.advance_to(at(10s));
    clock.advance_to(at(9s));
    CHECK(clock.now() == at(10s));
    clock.advance(-1s);
    CHECK(clock.now() == at(10s));
    clock.advance(0s);
    CHECK(clock.now() == at(10s));
  }

  TEST_CASE("a virtual clock stops at the last instant there is") {
    virtual_clock clock;
    clock.advance(1s);
    clock.advance(std::chrono::nanoseconds::max());
    CHECK(clock.now() == time_point::max());
    clock.advance(1s);
    CHECK(clock.now() == time_point::max());
  }

  TEST_CASE("moves of a virtual clock by several threads all count, and none of them sees it go back") {
    virtual_clock clock;
    constexpr int threads = 4;
    constexpr int moves = 10'000;
    std::vector<int> backwards(threads);
    std::vector<std::thread> movers;
    for (int i = 0; i < threads; ++i) {
      movers.emplace_back([&clock, &seen_backwards = backwards[i]] {
        time_point last = clock.now();
        for (int j = 0; j < moves; ++j) {
          clock.advance(3ns);
          clock.advance_to(last);
          time_point const now = clock.now();
          if (now < last + 3ns) ++seen_backwards;
          last = now;
        }
      });
    }
    for (std::thread& mover : movers) mover.join();
    CHECK(clock.now() == at(3ns * threads * moves));
    CHECK(backwards == std::vector<int>(threads));
  }

  TEST_CASE("the real clock is the machine's steady one") {
    real_clock const clock;
    time_point const before = std::chrono::steady_clock::now();
    time_point const between = clock.now();
    time_point const after = std::chrono::steady_clock::now();
    CHECK(before <= between);
    CHECK(between <= after);
  }
}
