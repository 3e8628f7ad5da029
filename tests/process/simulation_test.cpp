// Seeded scheduling and virtual time: a run that can be repeated, and hours that pass at once.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/blocking.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};

using texts = std::vector<std::string>;

// Twenty processes send each other numbers, sleep, and end, some of them by a crash; what happened, in order.
texts history(std::uint64_t seed) {
  texts seen;
  const captured_log log;
  const int status = run(
      [&seen] {
        process_flag(trap_exit, true);
        constexpr int count = 20;
        std::vector<pid> all;
        const auto start = monotonic_time();
        for (int i = 0; i < count; ++i) {
          all.push_back(spawn_link([&seen, i, start] {
            for (int step = 0; step < 5; ++step) {
              const pid to = next<pid>();
              seen.push_back(std::to_string(i) + " passes on");
              send(to, self());
              if (step == 2) sleep(std::chrono::milliseconds{i % 4});
            }
            seen.push_back(std::to_string(i) + " ends at " + std::to_string((monotonic_time() - start).count()));
            if (i % 5 == 0) exit("out");
          }));
        }
        for (int step = 0; step < 5; ++step) {
          for (int i = 0; i < count; ++i)
            send(all[static_cast<std::size_t>(i)], all[static_cast<std::size_t>((i + 7 * step) % count)]);
        }
        for (int i = 0; i < count; ++i) {
          const auto got = next<exit_signal>();
          const auto which = std::find(all.begin(), all.end(), got.sender) - all.begin();
          seen.push_back("EXIT of " + std::to_string(which) + " " + got.reason.to_string());
        }
      },
      {.virtual_time = true, .seed = seed});
  CHECK(status == 0);
  return seen;
}

}  // namespace

TEST_SUITE("simulation") {
  TEST_CASE("an hour passes at once") {
    const auto real = std::chrono::steady_clock::now();
    in_virtual_time([] {
      const auto start = monotonic_time();
      for (int i = 0; i < 24; ++i) sleep(1h);
      CHECK(monotonic_time() - start == 24h);
    });
    CHECK(std::chrono::steady_clock::now() - real < patience);
  }

  TEST_CASE("five jobs of a second are done in a second when five processes do them, and in five by one") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      for (int i = 0; i < 5; ++i) sleep(1s);
      CHECK(monotonic_time() - start == 5s);

      const auto again = monotonic_time();
      for (int i = 0; i < 5; ++i) {
        spawn([main = self(), i] {
          sleep(1s);
          send(main, i * i);
        });
      }
      int sum = 0;
      for (int i = 0; i < 5; ++i) sum += next<int>();
      CHECK(sum == 0 + 1 + 4 + 9 + 16);
      CHECK(monotonic_time() - again == 1s);
    });
  }

  TEST_CASE("time stands still while anything can run") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      send_after(1ms, self(), go{});
      const pid echo = spawn(echo_loop);
      for (int i = 0; i < 10'000; ++i) answers(echo);
      CHECK(monotonic_time() == start);
      CHECK_FALSE(has_queued<go>());
      next<go>();
      CHECK(monotonic_time() == start + 1ms);
    });
  }

  TEST_CASE("processes wake in the order of their times") {
    in_virtual_time([] {
      for (int i = 0; i < 100; ++i) {
        const int time = i * 37 % 100;
        spawn([main = self(), time] {
          sleep(std::chrono::milliseconds{time});
          send(main, time);
        });
      }
      bool in_order = true;
      for (int i = 0; i < 100; ++i) in_order = next<int>() == i && in_order;
      CHECK(in_order);
    });
  }

  TEST_CASE("the same seed gives the same history") {
    for (const std::uint64_t seed : {0U, 1U, 42U}) {
      const texts first = history(seed);
      CHECK(first.size() == 20 * 7);
      CHECK(history(seed) == first);
      CHECK(history(seed) == first);
    }
  }

  TEST_CASE("other seeds give other histories") {
    std::set<texts> different;
    constexpr std::uint64_t seeds = 20;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) different.insert(history(seed));
    CHECK(different.size() == seeds);
  }

  TEST_CASE("a seed works in real time too") {
    in_runtime({.seed = 7}, [] {
      for (int i = 0; i < 50; ++i) CHECK(answers(spawn(echo_loop)));
      sleep(1ms);
    });
  }

  TEST_CASE("await_idle returns when no other process can run, and moves no time") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      int steps = 0;
      spawn([&steps] {
        for (int i = 0; i < 10; ++i) {
          send(self(), go{});
          next<go>();
          ++steps;
        }
        sleep(1s);
        ++steps;
      });
      await_idle();
      CHECK(steps == 10);
      CHECK(monotonic_time() == start);
      CHECK(advance_to_next_timer());
      await_idle();
      CHECK(steps == 11);
      CHECK(monotonic_time() == start + 1s);
      CHECK_FALSE(advance_to_next_timer());
    });
  }

  TEST_CASE("in real time there is nothing to advance") {
    in_runtime({.threads = 1}, [] {
      CHECK_THROWS_AS(await_idle(), std::logic_error);
      CHECK_THROWS_AS(advance_to_next_timer(), std::logic_error);
      CHECK_THROWS_AS(await_quiescence(), std::logic_error);
    });
  }
}
