#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct ready {};

// Uses about that much stack.
int dig(int kilobytes) {
  volatile char room[1024];
  room[0] = static_cast<char>(kilobytes);
  return kilobytes <= 1 ? room[0] : dig(kilobytes - 1) + room[0];
}

}  // namespace

TEST_SUITE("spawn") {
  TEST_CASE("spawn gives a pid also when the function fails at once (S11)") {
    on_one_thread_and_on_four([] {
      const spawned failing = spawn_monitor([] { throw std::runtime_error{"no such port"}; });
      CHECK(failing.process);
      CHECK(reason_of(failing).to_string() == "std::runtime_error: no such port");
    });
  }

  TEST_CASE("the end of a process frees its state, then its name, then tells the others (S12)") {
    struct state {
      std::atomic<bool>* alive;
      explicit state(std::atomic<bool>& flag) : alive{&flag} { flag = true; }
      ~state() { *alive = false; }
    };
    on_one_thread_and_on_four([] {
      int too_early = 0;
      process_flag(trap_exit, true);
      for (int round = 0; round < 1000; ++round) {
        std::atomic<bool> state_alive{false};
        const bool by_link = round % 2 == 0;
        const auto holder = [held = std::make_shared<state>(state_alive)] { register_name("port", self()); };
        if (by_link) {
          spawn_link(holder);
          // `holder` here still shares the state: only the copy in the process has gone.
          next<exit_signal>();
        } else {
          reason_of(spawn_monitor([own = std::make_unique<state>(state_alive)] { register_name("port", self()); }));
          if (state_alive) ++too_early;
        }
        register_name("port", self());
        unregister_name("port");
      }
      CHECK(too_early == 0);
    });
  }

  TEST_CASE("what a function holds is destroyed in its process, before anybody is told (S12)") {
    struct tells {
      pid to;
      explicit tells(pid of) : to{of} {}
      tells(tells&& other) noexcept : to{std::exchange(other.to, pid{})} {}
      tells& operator=(tells&&) = delete;
      ~tells() {
        if (to) send(to, self());
      }
    };
    on_one_thread_and_on_four([] {
      const spawned holder = spawn_monitor([held = tells{self()}] {});
      // Whichever of the two comes first.
      const pid destroyer = receive([](pid told) { return told; }, [](down&) { return pid{}; });
      CHECK(destroyer == holder.process);
      reason_of(holder);
    });
  }

  TEST_CASE("while its state is destroyed a process still has its name (S12)") {
    struct looks {
      pid to;
      explicit looks(pid of) : to{of} {}
      looks(looks&& other) noexcept : to{std::exchange(other.to, pid{})} {}
      looks& operator=(looks&&) = delete;
      ~looks() {
        if (to) send(to, whereis("port") == self());
      }
    };
    on_one_thread_and_on_four([] {
      for (const bool killed : {false, true}) {
        const spawned holder = spawn_monitor([held = looks{self()}, main = self(), killed] {
          register_name("port", self());
          send(main, ready{});
          if (killed) next<ready>();
        });
        next<ready>();
        if (killed) exit(holder.process, exit_reason::kill());
        reason_of(holder);
        CHECK(next<bool>());
        CHECK_FALSE(whereis("port"));
      }
    });
  }

  TEST_CASE("a process knows its parent and ancestors") {
    on_one_thread_and_on_four([] {
      spawn([main = self()] {
        spawn([main, parent = self()] {
          CHECK(process_info(self(), info::parent)->parent == parent);
          CHECK(ancestors().size() >= 2);
          CHECK(ancestors()[0] == parent);
          CHECK(ancestors()[1] == main);
          send(main, ready{});
        });
      });
      next<ready>();
    });
  }

  TEST_CASE("a line of processes, each of which starts its successor and ends, may be as long as it likes") {
    struct generation {
      pid last_to;
      int left;
      void operator()() const {
        if (left != 0) {
          spawn(generation{last_to, left - 1});
          return;
        }
        const auto known = ancestors();
        // Not all are remembered, for the line may go on for months; the nearest are.
        const bool is_nearest = known.front() == process_info(self(), info::parent)->parent;
        send(last_to, is_nearest && known.size() >= 500 && known.size() <= 1000);
      }
    };
    on_one_thread_and_on_four([] {
      spawn(generation{self(), 100'000});
      CHECK(next<bool>());
    });
  }

  TEST_CASE("a stack is as large as was asked for") {
    in_runtime({.threads = 1}, [] {
      CHECK(reason_of(spawn_monitor([] { dig(200); }, {.stack = 512U << 10U})) == exit_reason::normal());
      CHECK(reason_of(spawn_monitor([] { dig(3000); }, {.stack = 4U << 20U})) == exit_reason::normal());
      // Less than the least is the least.
      CHECK(reason_of(spawn_monitor([] { dig(4); }, {.stack = 1})) == exit_reason::normal());
    });
    in_runtime({.threads = 1, .stack_size = 1U << 20U},
               [] { CHECK(reason_of_end([] { dig(500); }) == exit_reason::normal()); });
    in_runtime({.threads = 1, .main_stack_size = 4U << 20U}, [] { dig(3000); });
  }

  TEST_CASE("a process spawned by a thread that is none has no parent") {
    const captured_log log;
    runtime outside{{.threads = 2}};
    outside.start();
    std::atomic<bool> has_parent{true};
    const pid orphan = spawn([&has_parent] {
      has_parent = static_cast<bool>(process_info(self(), info::parent)->parent);
      if (!ancestors().empty()) has_parent = true;
    });
    {
      const thread_process me;
      await_end_of(orphan);
    }
    CHECK_FALSE(has_parent);
    CHECK_THROWS_AS(spawn_link([] {}), std::logic_error);
    CHECK_THROWS_AS(spawn_monitor([] {}), std::logic_error);
  }

  // Of servers, which own none, the test of places has more.
  TEST_CASE("thousands of processes that own a stack live at once, and all are listed") {
    on_one_thread_and_on_four([] {
      constexpr std::size_t count = is_sanitized ? 1'000 : 5'000;
      const std::size_t before = processes().size();
      CHECK(process_count() == before);
      std::vector<pid> all;
      for (std::size_t i = 0; i < count; ++i) all.push_back(spawn(echo_loop, {.stack = 16U << 10U}));
      CHECK(processes().size() == before + count);
      CHECK(process_count() == before + count);
      CHECK(answers(all.front()));
      CHECK(answers(all.back()));
      for (const pid each : all) exit(each, "out");
      for (const pid each : all) await_end_of(each);
      CHECK(processes().size() == before);
      while (process_count() > before) yield();  // the last act of an end is to give up its place
    });
  }
}
