// Many processes on several threads do everything to each other at once. What must hold afterwards does not depend on
// who was faster.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};

using pids = std::vector<pid>;

struct others {
  std::shared_ptr<const pids> all;
};

// What one of them found wrong.
struct mistake {
  std::string text;
};

// Takes what has come, and notes the DOWNs by their references.
void take_arrivals(std::map<reference, int>& downs, std::chrono::nanoseconds limit) {
  for (bool more = true; more;) {
    receive([&downs](down& ended) { ++downs[ended.ref]; }, [](exit_signal&) {}, [](int) {},
            after(limit, [&more] { more = false; }));
  }
}

// Links, unlinks, monitors, demonitors, sends and signals at random, then ends. `observer` is told of its mistakes.
void meddle(std::uint64_t seed, pid observer) {
  std::mt19937_64 random{seed};
  const bool traps = seed % 3 == 0;
  process_flag(trap_exit, traps);
  const auto all = next<others>().all;
  std::map<reference, pid> monitors;
  std::map<reference, int> downs;
  std::map<reference, bool> ended_by_hand;
  for (int step = 0; step < 30; ++step) {
    const pid other = (*all)[random() % all->size()];
    switch (random() % 8) {
      case 0:
      case 1: try { link(other);
        } catch (const error& caught) {
          if (caught.reason() != exit_reason::noproc()) send(observer, mistake{"link threw something else"});
        }
        break;
      case 2: unlink(other); break;
      case 3:
      case 4: monitors.emplace(monitor(other), other); break;
      case 5:
        if (!monitors.empty()) {
          const reference ref = monitors.begin()->first;
          const bool active = demonitor(ref, {.flush = true});
          if (active && downs[ref] != 0) send(observer, mistake{"a monitor was active after its DOWN"});
          monitors.erase(ref);
          ended_by_hand[ref] = true;
          downs.erase(ref);
        }
        break;
      case 6: send(other, 1); break;
      case 7: exit(other, random() % 64 == 0 ? exit_reason{"out"} : exit_reason::normal()); break;
    }
    if (step % 8 == 0) take_arrivals(downs, 0s);
    for (const auto& [ref, count] : downs) {
      if (count > 1) send(observer, mistake{"two DOWNs for one monitor"});
      if (ended_by_hand.contains(ref)) send(observer, mistake{"a DOWN after demonitor with flush"});
    }
  }
  switch (seed % 4) {
    case 0: exit("out");
    case 1: exit(exit_reason::shutdown());
    case 2: return;
    default: throw static_cast<int>(seed);
  }
}

}  // namespace

TEST_SUITE("many processes") {
  TEST_CASE("two thousand that link, monitor and end at random all end, with one DOWN for each monitor") {
    for (const unsigned threads : {1U, 4U}) {
      in_runtime({.threads = threads, .stack_size = 32U << 10U}, [] {
        constexpr std::uint64_t count = 2000;
        const std::size_t before = processes().size();
        pids all;
        std::vector<reference> ends;
        for (std::uint64_t i = 0; i < count; ++i) {
          const spawned one = spawn_monitor([i, main = self()] { meddle(i, main); });
          all.push_back(one.process);
          ends.push_back(one.ref);
        }
        const auto shared = std::make_shared<const pids>(all);
        for (const pid each : all) send(each, others{shared});
        std::map<reference, int> downs;
        for (std::uint64_t i = 0; i < count; ++i) ++downs[next<down>().ref];
        bool each_once = true;
        for (const reference each : ends) each_once = each_once && downs[each] == 1;
        CHECK(each_once);
        CHECK(downs.size() == count);
        CHECK_FALSE(has_queued<down>());
        CHECK(processes().size() == before);
        std::string mistakes;
        while (receive(
            [&](mistake& found) {
              mistakes += found.text + "; ";
              return true;
            },
            after(0s, [] { return false; }))) {
        }
        CHECK(mistakes.empty());
      });
    }
  }

  TEST_CASE("every monitor of a process that ends gets exactly one DOWN, however many race with its end") {
    on_one_thread_and_on_four([] {
      constexpr int rounds = 100;
      constexpr int watchers = 16;
      for (int round = 0; round < rounds; ++round) {
        const pid target = spawn([] { next<go>(); });
        std::vector<reference> ends;
        for (int i = 0; i < watchers; ++i) {
          ends.push_back(spawn_monitor([target, main = self()] {
                           const reference ref = monitor(target);
                           const exit_reason reason = reason_of(ref);
                           const bool right = reason.is_normal() || reason == exit_reason::noproc();
                           if (!right || has_queued<down>()) send(main, mistake{"wrong DOWN"});
                         }).ref);
          if (i == watchers / 2) send(target, go{});
        }
        for (const reference each : ends) CHECK(reason_of(each) == exit_reason::normal());
      }
      CHECK_FALSE(has_queued<mistake>());
    });
  }

  TEST_CASE("a ring of a thousand linked processes ends as a whole when one of them does") {
    on_one_thread_and_on_four([] {
      constexpr int count = 1000;
      pids ring;
      std::vector<reference> ends;
      for (int i = 0; i < count; ++i) {
        const spawned one = spawn_monitor([] {
          link(next<pid>());
          echo_loop();
        });
        ring.push_back(one.process);
        ends.push_back(one.ref);
      }
      for (std::size_t i = 0; i < count; ++i) send(ring[i], ring[(i + 1) % count]);
      for (const pid each : ring) answers(each);
      exit(ring[count / 2], "cut");
      bool all_with_that_reason = true;
      for (const reference each : ends)
        all_with_that_reason = reason_of(each) == exit_reason{"cut"} && all_with_that_reason;
      CHECK(all_with_that_reason);
    });
  }

  TEST_CASE("messages are handed round a ring without loss") {
    on_one_thread_and_on_four([] {
      constexpr int count = 100;
      constexpr int laps = 100;
      pid after_me = self();
      for (int i = 0; i < count; ++i) {
        after_me = spawn([after_me] {
          for (;;) receive([after_me](int token) { send(after_me, token + 1); });
        });
      }
      int token = 0;
      for (int lap = 0; lap < laps; ++lap) {
        send(after_me, token);
        token = next<int>();
      }
      CHECK(token == count * laps);
    });
  }
}
