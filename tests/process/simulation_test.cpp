// Seeded scheduling and virtual time: a run that can be repeated, and hours that pass at once.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/blocking.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/random.hpp>
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

void next_exit_signal(bool& came) {
  receive([&came](const exit_signal&) { came = true; });
}

// The order in which processes end, by the numbers that they were given.
class ends final : public process_observer {
 public:
  explicit ends(texts& seen) : seen_{seen} {}
  void process_ended(pid ended, pid, const exit_reason& reason) noexcept override {
    seen_.push_back(std::to_string(number[ended]) + " ended: " + reason.to_string());
  }
  std::map<pid, int> number;

 private:
  texts& seen_;
};

// Those who end leave links, monitors of others, timers that are due at once, and processes that nobody waits for.
texts tangle(std::uint64_t seed) {
  texts seen;
  ends observer{seen};
  runtime_options options;
  options.observer = &observer;
  const simulation sim{seed, options};
  const captured_log log;
  const int status = sim.run([&seen, &observer] {
    constexpr int count = 40;
    detail::observe_children(true);
    std::vector<pid> all;
    for (int i = 0; i < count; ++i) {
      all.push_back(spawn([&all, &seen, i] {
        next<go>();
        for (int k = 0; k < 6; ++k) monitor(all[draw_below(count)]);
        const pid other = all[draw_below(count)];
        if (is_alive(other)) link(other);
        for (int step = 0; step < 4; ++step) {
          send_after(std::chrono::milliseconds{i % 2}, self(), go{});
          next<go>();
          seen.push_back(std::to_string(i) + " goes on");
        }
        if (draw_below(8) == 0) exit("out");
        sleep(1h);
      }));
      observer.number[all.back()] = i;
    }
    for (const pid each : all) send(each, go{});
    sleep(1s);
    for (const pid each : processes()) seen.push_back("left: " + std::to_string(observer.number[each]));
  });
  CHECK(status == 0);
  return seen;
}

}  // namespace

TEST_SUITE("simulation") {
  TEST_CASE("a simulation knows its seed, and returns what main returns") {
    const simulation sim{42};
    CHECK(sim.seed() == 42);
    CHECK(sim.run([] { sleep(24h); }) == 0);
    const captured_log log;
    CHECK(sim.run([] { return 7; }) == 7);
  }

  TEST_CASE("each run of a simulation starts from its seed again") {
    const simulation sim{5};
    std::vector<std::uint64_t> drawn;
    for (int i = 0; i < 3; ++i) sim.run([&drawn] { drawn.push_back(draw()); });
    CHECK(drawn == std::vector<std::uint64_t>(3, drawn.front()));
  }

  TEST_CASE("a simulation that fails tells its seed") {
    const simulation sim{4711};
    for (const bool crashes : {true, false}) {
      const captured_log log;
      CHECK(sim.run([crashes] {
        if (crashes) throw std::runtime_error{"no"};
        return 1;
      }) == 1);
      CHECK(log.tells("the simulation with seed 4711 failed"));
    }
    const captured_log log;
    CHECK(sim.run([] {}) == 0);
    CHECK(log.text().empty());
  }

  TEST_CASE("a simulation in which nothing can happen any more fails, and tells who waits") {
    const captured_log log;
    CHECK(simulation{11}.run([] {
      spawn(echo_loop);
      receive([](go) {});
    }) == 1);
    CHECK(log.tells("nothing can happen any more: all processes wait, and no timer is pending"));
    CHECK(log.tells("Waiting:\n    <0."));
    CHECK(log.tells("the simulation with seed 11 failed"));
  }

  TEST_CASE("in a simulation that waits for a timer, or to be idle, something can happen") {
    const captured_log log;
    CHECK(simulation{11}.run([] {
      spawn(echo_loop);
      await_idle();
      CHECK(await_quiescence());
      send_after(1h, self(), go{});
      receive([](go) {});
    }) == 0);
    CHECK(log.text().empty());
  }

  TEST_CASE("a simulation ends its processes in order when it is stuck") {
    const captured_log log;
    bool ended = false;
    CHECK(simulation{11}.run([&ended] {
      spawn_link([&ended] {
        process_flag(trap_exit, true);
        next_exit_signal(ended);
      });
      receive([](go) {});
    }) == 1);
    CHECK(ended);
  }

  TEST_CASE("a simulation has one thread") {
    CHECK_THROWS_AS((simulation{1, {.threads = 2}}), std::invalid_argument);
    CHECK(simulation{1, {.threads = 1}}.run([] {}) == 0);
    CHECK(simulation{1}.run([] { return runtime::current()->threads() == 1 ? 0 : 1; }) == 0);
  }

  TEST_CASE("a seed gives the same turns and ends, whatever ran before in the program") {
    for (std::uint64_t seed = 0; seed < (is_sanitized ? 40 : 200); ++seed) {
      INFO("seed " << seed);
      const texts first = tangle(seed);
      CHECK(first.size() > 60);
      run([seed] {
        for (std::uint64_t i = 0; i < 1 + seed % 7; ++i) reason_of_end([] {});
      });
      const texts again = tangle(seed);
      const auto [here, there] = std::mismatch(first.begin(), first.end(), again.begin(), again.end());
      INFO("they part at " << here - first.begin() << ": " << (here != first.end() ? *here : "the end") << " / "
                           << (there != again.end() ? *there : "the end"));
      CHECK(again == first);
    }
  }

  TEST_CASE("what is due at once can run, so await_idle waits for it") {
    in_virtual_time([] {
      int fired = 0;
      spawn([&fired] {
        for (int i = 0; i < 20; ++i) {
          send_after(0ms, self(), go{});
          next<go>();
          ++fired;
        }
      });
      await_idle();
      CHECK(fired == 20);
      CHECK(monotonic_time() == 0ns);
    });
  }

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
