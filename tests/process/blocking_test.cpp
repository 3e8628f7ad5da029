#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include <coppice/process/blocking.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct started {};

}  // namespace

TEST_SUITE("blocking") {
  TEST_CASE("blocking gives back what its function returns") {
    on_one_thread_and_on_four([] {
      CHECK(blocking([] { return 42; }) == 42);
      CHECK(*blocking([] { return std::make_unique<int>(7); }) == 7);
      bool called = false;
      blocking([&called] { called = true; });
      CHECK(called);
    });
  }

  TEST_CASE("blocking throws what its function throws") {
    on_one_thread_and_on_four([] {
      CHECK_THROWS_AS(blocking([] { throw std::out_of_range{"far"}; }), std::out_of_range);
      CHECK_THROWS_AS(blocking([]() -> int { throw 5; }), int);
      CHECK(reason_of_end([] { blocking([] { throw std::runtime_error{"disk"}; }); }).to_string() ==
            "std::runtime_error: disk");
    });
  }

  TEST_CASE("the function runs on another thread, and the scheduler serves others meanwhile") {
    in_runtime({.threads = 1}, [] {
      std::promise<void> released;
      // It is released by a process that runs on the only scheduler thread.
      const pid releases = spawn([&released] {
        next<started>();
        released.set_value();
      });
      const auto own_thread = std::this_thread::get_id();
      const bool elsewhere = blocking([&, releases] {
        send(releases, started{});
        released.get_future().wait();
        return std::this_thread::get_id() != own_thread;
      });
      CHECK(elsewhere);
    });
  }

  TEST_CASE("many functions may block at once") {
    on_one_thread_and_on_four([] {
      constexpr int count = 20;
      std::atomic<int> inside{0};
      std::promise<void> all_are_in;
      std::shared_future<void> gate = all_are_in.get_future().share();
      std::vector<reference> ends;
      for (int i = 0; i < count; ++i) {
        ends.push_back(spawn_monitor([&inside, &all_are_in, gate] {
                         blocking([&inside, &all_are_in, gate] {
                           if (++inside == count) all_are_in.set_value();
                           gate.wait();
                         });
                       }).ref);
      }
      for (const reference each : ends) CHECK(reason_of(each) == exit_reason::normal());
    });
  }

  TEST_CASE("a kill acts when the function has returned") {
    on_one_thread_and_on_four([] {
      std::promise<void> released;
      std::atomic<bool> returned{false};
      std::atomic<bool> went_on{false};
      const spawned victim = spawn_monitor([&, main = self()] {
        blocking([&, main] {
          send(main, started{});
          released.get_future().wait();
          returned = true;
        });
        went_on = true;
      });
      next<started>();
      exit(victim.process, exit_reason::kill());
      CHECK_FALSE(is_alive(victim.process));
      // It has met the signal, since it answers what came after it, and is still there: its function has not returned.
      CHECK(process_info(victim.process, info::links));
      CHECK_FALSE(has_queued<down>());
      released.set_value();
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK(returned);
      CHECK_FALSE(went_on);
    });
  }

  TEST_CASE("messages that come meanwhile are kept") {
    on_one_thread_and_on_four([] {
      std::promise<void> released;
      const pid worker = spawn([&released, main = self()] {
        blocking([&released, main] {
          send(main, started{});
          released.get_future().wait();
        });
        send(main, next<int>() + next<int>());
      });
      next<started>();
      send(worker, 1);
      send(worker, 2);
      released.set_value();
      CHECK(next<int>() == 3);
    });
  }

  TEST_CASE("in virtual time it runs inline and takes no time") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      const auto own_thread = std::this_thread::get_id();
      CHECK(blocking([own_thread] { return std::this_thread::get_id() == own_thread; }));
      CHECK(monotonic_time() == start);
    });
  }

  TEST_CASE("outside a process it throws and says so") {
    CHECK_THROWS_AS(blocking([] {}), std::logic_error);
  }
}
