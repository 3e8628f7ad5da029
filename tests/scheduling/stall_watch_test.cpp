#include <chrono>
#include <optional>

#include <doctest/doctest.h>

#include <coppice/scheduling/runnable.hpp>
#include <coppice/scheduling/stall_watch.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

namespace {

class somebody final : public runnable {
 public:
  somebody() : runnable{0} {}
  turn_result take_turn() override { return turn_result::ended; }
  bool commit_park() noexcept override { return true; }
};

time_point at(std::chrono::nanoseconds since_start) {
  return time_point(since_start);
}

}  // namespace

TEST_SUITE("stall watch") {
  TEST_CASE("a step that takes the limit is told of once, with how long it was seen") {
    const somebody one;
    stall_watch watch{100ms};
    const glimpse seen{&one, 1, 1};
    CHECK_FALSE(watch.look(seen, at(10ms)));
    CHECK_FALSE(watch.look(seen, at(109ms)));
    CHECK(watch.look(seen, at(120ms)) == 110ms);
    CHECK_FALSE(watch.look(seen, at(240ms)));
  }

  TEST_CASE("the next step has its own time") {
    const somebody one;
    const somebody other;
    stall_watch watch{100ms};
    std::chrono::nanoseconds now{0};
    for (const glimpse& seen : {glimpse{&one, 1, 1}, glimpse{&one, 1, 2}, glimpse{&one, 2, 2}, glimpse{&other, 2, 2}}) {
      CHECK_FALSE(watch.look(seen, at(now)));
      CHECK_FALSE(watch.look(seen, at(now + 99ms)));
      now += 100ms;
      CHECK_FALSE(watch.look({}, at(now)));
    }
  }

  TEST_CASE("a step that follows one that was told of is told of too") {
    const somebody one;
    stall_watch watch{100ms};
    watch.look({&one, 1, 1}, at(0ms));
    CHECK(watch.look({&one, 1, 1}, at(100ms)));
    CHECK_FALSE(watch.look({&one, 1, 2}, at(150ms)));
    CHECK(watch.look({&one, 1, 2}, at(250ms)) == 100ms);
  }

  TEST_CASE("a thread that rests stalls nobody") {
    stall_watch watch{100ms};
    for (const auto now : {0ms, 100ms, 1000ms}) CHECK_FALSE(watch.look({nullptr, 7, 0}, at(now)));
  }
}
