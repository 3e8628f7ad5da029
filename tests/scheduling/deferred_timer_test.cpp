#include <array>
#include <chrono>
#include <cstdint>
#include <new>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/clock.hpp>
#include <coppice/scheduling/deferred_timer.hpp>
#include <coppice/scheduling/tick_clock.hpp>

namespace {

using namespace coppice::scheduling;
using namespace std::chrono_literals;

class wait final : public deferred_timer {
 public:
  wait() : deferred_timer{1s} {}

 private:
  timer_action action() const override { return {}; }
};

timer numbered(std::uint64_t number) {
  return timer{timer_id{number}, 0};
}

}  // namespace

TEST_CASE("a deferred timer that is taken out young has started nothing") {
  deferred_timers list;
  CHECK(list.oldest() == 0);
  wait young;
  list.add(young);
  CHECK(young.is_started());
  CHECK(list.oldest() != 0);
  CHECK(!list.remove(young));
  CHECK(list.oldest() == 0);
}

TEST_CASE("the deferred timers that are old enough are started, the oldest first, and no others") {
  deferred_timers list;
  std::array<wait, 3> waits;
  std::vector<std::uint64_t> began;
  for (wait& each : waits) {
    list.add(each);
    if (began.empty()) began.push_back(list.oldest());
  }
  std::vector<deferred_timer*> started;
  int asked = 0;
  list.start_old([&asked](std::uint64_t) { return ++asked <= 2; },
                 [&started](deferred_timer& old) {
                   started.push_back(&old);
                   return numbered(started.size());
                 });
  CHECK(started == std::vector<deferred_timer*>{&waits[0], &waits[1]});
  CHECK(list.remove(waits[0]).id.value == 1);
  CHECK(list.remove(waits[1]).id.value == 2);
  CHECK(!list.remove(waits[2]));
}

TEST_CASE("a deferred timer in the middle can be taken out") {
  deferred_timers list;
  std::array<wait, 3> waits;
  for (wait& each : waits) list.add(each);
  CHECK(!list.remove(waits[1]));
  std::vector<deferred_timer*> started;
  list.start_old([](std::uint64_t) { return true; },
                 [&started](deferred_timer& old) {
                   started.push_back(&old);
                   return numbered(1);
                 });
  CHECK(started == std::vector<deferred_timer*>{&waits[0], &waits[2]});
  CHECK(list.oldest() == 0);
}

TEST_CASE("a deferred timer for which there is no memory stays, and is started at the next look") {
  deferred_timers list;
  wait one;
  list.add(one);
  const auto all = [](std::uint64_t) { return true; };
  list.start_old(all, [](deferred_timer&) -> timer { throw std::bad_alloc{}; });
  CHECK(list.oldest() != 0);
  list.start_old(all, [](deferred_timer&) { return numbered(7); });
  CHECK(list.remove(one).id.value == 7);
}

TEST_CASE("a tick clock says how long ago a tick was, and never less than nothing") {
  const real_clock real;
  const auto began = real.now();
  const std::uint64_t before = ticks();
  const tick_clock clock{real.now()};
  const std::uint64_t tick = ticks();
  while (real.now() - began < 2ms) {
  }
  const auto now = real.now();
  CHECK(clock.since(tick, now) > 0ns);
  CHECK(clock.since(tick, now) <= now - began + 1ms);
  CHECK(clock.since(before, now) == 0ns);  // from before it was made
  CHECK(clock.since(ticks() + 1'000'000'000'000, now) == 0ns);
}
