// The places of the process table, of which each thread keeps some at hand.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/place_stock.hpp>
#include <coppice/process/slot_of.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct go {};

// So many live at once, begun on whichever threads, and end. Their places.
std::set<std::uint64_t> live_and_die(std::size_t many) {
  std::vector<spawned> all;
  const pid main = self();
  // Each starts another one, so that they begin on all threads.
  for (std::size_t i = 0; i < many / 2; ++i) {
    all.push_back(spawn_monitor([main] {
      send(main, spawn([] { next<go>(); }));
      next<go>();
    }));
  }
  std::vector<pid> others;
  for (std::size_t i = 0; i < many / 2; ++i) others.push_back(next<pid>());
  std::set<std::uint64_t> places;
  std::vector<reference> ends;
  for (const pid other : others) {
    places.insert(detail::slot_of(other));
    ends.push_back(monitor(other));
    send(other, go{});
  }
  for (const spawned& each : all) {
    places.insert(detail::slot_of(each.process));
    ends.push_back(each.ref);
    send(each.process, go{});
  }
  for (const reference each : ends) reason_of(each);
  return places;
}

std::vector<std::uint64_t> places_in_a_simulation() {
  std::vector<std::uint64_t> places;
  in_runtime({.threads = 1, .virtual_time = true}, [&places] {
    for (int i = 0; i < 100; ++i) {
      const spawned one = spawn_monitor([] {});
      places.push_back(detail::slot_of(one.process));
      if (i % 3 == 0) reason_of(one.ref);
    }
  });
  return places;
}

}  // namespace

TEST_SUITE("places") {
  TEST_CASE("all who live have places of their own, and who comes later gets those of who is gone") {
    // Those of one round may still be on their way out while those of the next begin, and ThreadSanitizer knows 8,000.
    static constexpr std::size_t many = is_sanitized ? 1'000 : 4'000;
    static constexpr unsigned threads = 4;
    in_runtime({.threads = threads, .stack_size = 32U << 10U}, [] {
      const auto all = live_and_die(many);
      CHECK(all.size() == many);
      const std::uint64_t highest = *all.rbegin();
      for (int round = 0; round < 5; ++round) {
        const auto others = live_and_die(many);
        CHECK(others.size() == many);
        // What threads keep at hand is all that others cannot have.
        CHECK(*others.rbegin() <= highest + std::uint64_t{threads + 1} * detail::place_stock::most);
      }
    });
  }

  TEST_CASE("the count is right when nobody begins or ends, on whichever threads they did") {
    in_runtime({.threads = 4}, [] {
      const std::size_t before = process_count();
      for (int round = 0; round < 20; ++round) {
        live_and_die(200);
        // Its monitor is told before a process has left the table.
        while (process_count() != before) yield();
      }
      CHECK(processes().size() == before);
    });
  }

  TEST_CASE("a simulation gives out the same places, whatever was before it") {
    const auto first = places_in_a_simulation();
    in_runtime({.threads = 4}, [] { live_and_die(2'000); });
    CHECK(places_in_a_simulation() == first);
    {
      // This thread has some at hand as well.
      runtime around{{.threads = 2}};
      around.start();
      {
        const thread_process here;
        reason_of(spawn_monitor([] {}).ref);
      }
      around.stop();
    }
    CHECK(places_in_a_simulation() == first);
    // In a small program they follow each other.
    CHECK(first.front() < 8);
  }
}
