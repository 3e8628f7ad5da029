#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/blocking.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};
struct ready {};

struct double_it {
  using reply = int;
  int value;
};

class doubler : public server<doubler, double_it> {
 public:
  int handle(double_it asked) const { return 2 * asked.value; }
};

// Runs `body` on the test's own thread, as a process.
template <class Body>
void as_thread_process(Body body) {
  for (const unsigned threads : {1U, 4U}) {
    const captured_log log;
    runtime around{{.threads = threads}};
    around.start();
    const thread_process me;
    body();
  }
}

}  // namespace

TEST_SUITE("thread_process") {
  TEST_CASE("a thread can send with an address, receive, and call") {
    as_thread_process([] {
      CHECK(is_alive(self()));
      CHECK(answers(spawn(echo_loop)));
      register_name("thread", self());
      spawn([] { send("thread", 5); });
      CHECK(next<int>() == 5);
      CHECK(call(start<doubler>().process(), double_it{21}) == 42);
    });
  }

  TEST_CASE("a thread can link and monitor") {
    as_thread_process([] {
      process_flag(trap_exit, true);
      const spawned child = spawn_monitor([] { exit("out"); }, {.link = true});
      CHECK(reason_of(child) == exit_reason{"out"});
      CHECK(next<exit_signal>().sender == child.process);
    });
  }

  TEST_CASE("a wait of a thread ends when its time has passed") {
    as_thread_process([] {
      const auto start = std::chrono::steady_clock::now();
      sleep(10ms);
      CHECK(receive([](go) { return false; }, after(10ms, [] { return true; })));
      CHECK(std::chrono::steady_clock::now() - start >= 20ms);
    });
  }

  TEST_CASE("a thread can block in `blocking`, and be looked into") {
    as_thread_process([] {
      CHECK(blocking([] { return 5; }) == 5);
      const pid thread = self();
      std::optional<process_description> found;
      const spawned looks = spawn_monitor([&found, thread] { found = process_info(thread); });
      CHECK(reason_of(looks) == exit_reason::normal());
      CHECK(found);
      if (found) {
        CHECK(found->initial_call == "coppice::thread_process");
        CHECK(found->memory > 0);
      }
    });
  }

  TEST_CASE("its end is normal, and told to those that watch it") {
    const captured_log log;
    runtime around{{.threads = 2}};
    around.start();
    const pid watcher = spawn([] {
      process_flag(trap_exit, true);
      const pid thread = next<pid>();
      link(thread);
      monitor(thread);
      send(thread, ready{});
      const bool both = next<exit_signal>().reason.is_normal() && next<down>().reason.is_normal();
      exit(both ? "both were normal" : "something else");
    });
    pid gone;
    {
      const thread_process me;
      gone = self();
      send(watcher, self());
      next<ready>();
    }
    CHECK_FALSE(is_alive(gone));
    const thread_process again;
    CHECK(self() != gone);
    const exit_reason told = reason_of(monitor(watcher));
    CHECK((told == exit_reason{"both were normal"} || told == exit_reason::noproc()));
  }

  TEST_CASE("an exit signal unwinds the thread from its wait, and its DOWN has the reason") {
    const captured_log log;
    runtime around{{.threads = 2}};
    around.start();
    for (const exit_reason& sent : {exit_reason{"out"}, exit_reason::kill()}) {
      std::atomic<bool> unwound{false};
      std::promise<pid> named;
      std::thread killed{[&] {
        try {
          const thread_process me;
          named.set_value(self());
          next<go>();
        } catch (const std::exception&) {
          return;
        } catch (...) {
          unwound = true;
        }
      }};
      const thread_process me;
      const reference watched = monitor(named.get_future().get());
      // It is alive: it waits for what never comes.
      exit(process_info(self(), info::monitors)->monitors.at(0).process, sent);
      CHECK(reason_of(watched) == (sent.is_kill() ? exit_reason::killed() : sent));
      killed.join();
      CHECK(unwound);
    }
  }

  TEST_CASE("a thread is one process at a time") {
    as_thread_process([] { CHECK_THROWS_AS(thread_process{}, std::logic_error); });
    in_runtime({.threads = 1}, [] { CHECK_THROWS_AS(thread_process{}, std::logic_error); });
  }

  TEST_CASE("a thread is no process without a runtime") {
    CHECK_THROWS_AS(thread_process{}, std::logic_error);
  }

  TEST_CASE("many threads talk with many processes") {
    in_runtime({.threads = 4}, [] {
      const pid echo = spawn(echo_loop);
      std::atomic<int> answered{0};
      blocking([&] {
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
          threads.emplace_back([&answered, echo] {
            const thread_process me;
            for (int k = 0; k < 200; ++k) answered += answers(echo) ? 1 : 0;
          });
        }
        for (auto& each : threads) each.join();
      });
      CHECK(answered == 8 * 200);
    });
  }
}
