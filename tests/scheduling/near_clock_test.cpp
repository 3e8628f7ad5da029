#include <chrono>

#include <doctest/doctest.h>

#include <coppice/scheduling/near_clock.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

TEST_SUITE("near_clock") {
  TEST_CASE("it is never early, never goes back, and is two microseconds late at most") {
    const real_clock exact;
    near_clock near{exact, true};
    time_point last = time_point::min();
    int early = 0;
    int late = 0;
    int back = 0;
    const time_point end = exact.now() + 150ms;  // so that the length of a tick is measured anew
    for (time_point before = exact.now(); before < end;) {
      const time_point read = near.now();
      const time_point after = exact.now();
      early += read < before;
      late += read > after + near_clock::most_late;
      back += read < last;
      last = read;
      before = after;
    }
    CHECK(early == 0);
    CHECK(late == 0);
    CHECK(back == 0);
  }

  TEST_CASE("of a virtual clock it is exact") {
    virtual_clock exact;
    near_clock near{exact, false};
    CHECK(near.now() == exact.now());
    exact.advance(1ns);
    CHECK(near.now() == exact.now());
    exact.advance(10h);
    CHECK(near.now() == exact.now());
  }
}
