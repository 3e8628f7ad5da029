#include <doctest/doctest.h>

#include <coppice/command/signal_count.hpp>

using coppice::command::signal_count;
using namespace std::chrono_literals;

TEST_SUITE("signal_count") {
  TEST_CASE("what comes within 200 ms of the first is the first, and what comes later a second") {
    const signal_count::time_point start{};
    signal_count signals;
    CHECK(signals.count(start) == 1);
    CHECK(signals.count(start) == 0);
    CHECK(signals.count(start + 199ms) == 0);
    CHECK(signals.count(start + 200ms) == 2);
    CHECK(signals.count(start + 201ms) == 2);
  }
}
