#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct ready {};
struct go {};

// A process that ends with that reason when it is told to go.
spawned start_ending(std::string_view reason) {
  return spawn_monitor([reason] {
    next<go>();
    exit(reason);
  });
}

std::vector<pid> watchers_of(pid process) {
  const auto found = process_info(process, info::monitored_by);
  return found ? found->monitored_by : std::vector<pid>{};
}

}  // namespace

TEST_SUITE("monitor") {
  TEST_CASE("each monitor has a reference and a DOWN of its own (S33)") {
    on_one_thread_and_on_four([] {
      const spawned target = start_ending("out");
      const reference second = monitor(target.process);
      const reference third = monitor(target.process);
      CHECK(target.ref != second);
      CHECK(second != third);
      send(target.process, go{});
      CHECK(reason_of(third) == exit_reason{"out"});
      CHECK(reason_of(target.ref) == exit_reason{"out"});
      CHECK(reason_of(second) == exit_reason{"out"});
    });
  }

  TEST_CASE("DOWN says who ended and why, comes once, and is the end of the monitor (S34)") {
    on_one_thread_and_on_four([] {
      const spawned target = start_ending("out");
      send(target.process, go{});
      const auto got = next<down>();
      CHECK(got.ref == target.ref);
      CHECK(got.process == target.process);
      CHECK(got.name.empty());
      CHECK(got.reason == exit_reason{"out"});
      CHECK_FALSE(demonitor(target.ref));
      CHECK(process_info(self(), info::monitors)->monitors.empty());
      CHECK_FALSE(has_queued<down>());
    });
  }

  TEST_CASE("a monitor of a dead process gives noproc at once (S35)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      const reference ref = monitor(dead);
      const auto got = next<down>();
      CHECK(got.ref == ref);
      CHECK(got.process == dead);
      CHECK(got.reason == exit_reason::noproc());
      CHECK(reason_of(monitor(pid{})) == exit_reason::noproc());
    });
  }

  TEST_CASE("a monitor of a name that nobody has gives noproc and the name (S35)") {
    on_one_thread_and_on_four([] {
      const reference ref = monitor("nobody");
      const auto got = next<down>();
      CHECK(got.ref == ref);
      CHECK_FALSE(got.process);
      CHECK(got.name == "nobody");
      CHECK(got.reason == exit_reason::noproc());
    });
  }

  TEST_CASE("a monitor by name stays with whoever had the name then, and its DOWN has the name (S36)") {
    on_one_thread_and_on_four([] {
      const spawned first = start_ending("first out");
      const spawned second = start_ending("second out");
      register_name("wanted", first.process);
      const reference by_name = monitor("wanted");
      unregister_name("wanted");
      register_name("wanted", second.process);
      send(second.process, go{});
      CHECK(reason_of(second) == exit_reason{"second out"});
      CHECK_FALSE(has_queued<down>());
      send(first.process, go{});
      const auto got = receive(when([by_name](const down& ended) { return ended.ref == by_name; },
                                    [](down& ended) { return std::move(ended); }));
      CHECK(got.process == first.process);
      CHECK(got.name == "wanted");
      CHECK(got.reason == exit_reason{"first out"});
      reason_of(first);
    });
  }

  TEST_CASE("a normal end gives a DOWN too, also to who traps exits (S38)") {
    on_one_thread_and_on_four([] {
      CHECK(reason_of_end([] {}) == exit_reason::normal());
      process_flag(trap_exit, true);
      CHECK(reason_of_end([] {}) == exit_reason::normal());
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("what a process sent before it ended precedes its DOWN (S39)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 200; ++round) {
        const spawned sender = spawn_monitor([main = self(), round] {
          for (int i = 0; i < 10; ++i) send(main, i);
          if (round % 2 == 0) exit("out");
        });
        int before = 0;
        bool over = false;
        while (!over) {
          receive([&before](int) { ++before; }, [&over](down&) { over = true; },
                  after(patience, [] { exit("nothing came"); }));
        }
        CHECK(before == 10);
        CHECK(is_alive(sender.process) == false);
      }
    });
  }

  TEST_CASE("a linked and monitored process that ends gives both messages (S40)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const spawned both = spawn_monitor([] { exit("out"); }, {.link = true});
      CHECK(reason_of(both) == exit_reason{"out"});
      // The EXIT came first, or comes still.
      CHECK(next<exit_signal>().reason == exit_reason{"out"});
    });
  }

  TEST_CASE("demonitor may be called twice, with any reference (S41)") {
    on_one_thread_and_on_four([] {
      const spawned target = start_ending("out");
      CHECK(demonitor(target.ref));
      CHECK_FALSE(demonitor(target.ref));
      CHECK_FALSE(demonitor(reference{}));
      CHECK_FALSE(demonitor(reference::make()));
    });
  }

  TEST_CASE("only its creator can end a monitor (S41)") {
    on_one_thread_and_on_four([] {
      const spawned target = start_ending("out");
      bool ended = true;
      reason_of_end([&ended, ref = target.ref] { ended = demonitor(ref, {.flush = true}); });
      CHECK_FALSE(ended);
      send(target.process, go{});
      CHECK(reason_of(target) == exit_reason{"out"});
    });
  }

  TEST_CASE("a DOWN that was delivered stays when the monitor is ended without flush (S42)") {
    on_one_thread_and_on_four([] {
      const spawned target = start_ending("out");
      const reference last = monitor(target.process);
      send(target.process, go{});
      // The DOWNs go out in the order of the monitors: the first is in the queue.
      reason_of(last);
      CHECK_FALSE(demonitor(target.ref));
      CHECK(has_queued<down>());
    });
  }

  TEST_CASE("demonitor with flush leaves no DOWN, neither queued nor to come (S42)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 300; ++round) {
        const spawned target = start_ending("out");
        const reference other = monitor(target.process);
        send(target.process, go{});
        demonitor(target.ref, {.flush = true});
        CHECK(reason_of(other) == exit_reason{"out"});
        CHECK_FALSE(has_queued<down>());
      }
    });
  }

  TEST_CASE("demonitor tells whether the monitor was still active (S43)") {
    on_one_thread_and_on_four([] {
      const spawned active = start_ending("out");
      CHECK(demonitor(active.ref, {.flush = true}));
      CHECK_FALSE(demonitor(active.ref, {.flush = true}));

      const spawned over = start_ending("out");
      const reference last = monitor(over.process);
      send(over.process, go{});
      reason_of(last);
      CHECK_FALSE(demonitor(over.ref, {.flush = true}));
      CHECK_FALSE(has_queued<down>());
    });
  }

  TEST_CASE("demonitor is true exactly when no DOWN comes, however close the end is (S43)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 300; ++round) {
        const spawned target = spawn_monitor([] {});
        const reference other = monitor(target.process);
        const bool was_active = demonitor(target.ref);
        reason_of(other);
        CHECK(has_queued<down>() == !was_active);
      }
    });
  }

  TEST_CASE("a monitor of oneself does nothing (S44)") {
    on_one_thread_and_on_four([] {
      const auto watchers = watchers_of(self());
      const reference ref = monitor(self());
      CHECK(ref);
      CHECK(process_info(self(), info::monitors)->monitors.empty());
      CHECK(watchers_of(self()) == watchers);
      CHECK_FALSE(has_queued<down>());
    });
  }

  TEST_CASE("the monitors of a process go with it (S45)") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      const spawned watcher = spawn_monitor([echo, main = self()] {
        monitor(echo);
        monitor(echo);
        send(main, ready{});
        next<go>();
      });
      next<ready>();
      CHECK(watchers_of(echo) == std::vector<pid>{watcher.process, watcher.process});
      send(watcher.process, go{});
      reason_of(watcher);
      // Its own DOWN may overtake the signals that take its monitors away: they come from it, but go to another
      // process.
      const auto until = monotonic_time() + patience;
      while (!watchers_of(echo).empty() && monotonic_time() < until) {
      }
      CHECK(watchers_of(echo).empty());
    });
  }

  TEST_CASE("spawn_monitor watches from the first moment on") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 300; ++round) {
        CHECK(reason_of(spawn_monitor([] { exit("at once"); })) == exit_reason{"at once"});
      }
    });
  }
}
