#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};

}  // namespace

TEST_SUITE("timer") {
  TEST_CASE("send_after delivers its message when the time has come (S49)") {
    in_virtual_time([] {
      const auto before = monotonic_time();
      send_after(250ms, self(), std::string{"due"});
      CHECK_FALSE(has_queued<std::string>());
      CHECK(next<std::string>() == "due");
      CHECK(monotonic_time() - before == 250ms);
    });
  }

  TEST_CASE("a timer keeps real time too, never firing too soon (S49)") {
    on_one_thread_and_on_four([] {
      const auto before = std::chrono::steady_clock::now();
      send_after(20ms, self(), std::string{"due"});
      next<std::string>();
      CHECK(std::chrono::steady_clock::now() - before >= 20ms);
    });
  }

  // A message lies in its timer if it is small enough; one that owns something is destroyed with it.
  TEST_CASE("messages of all sizes arrive, and those that never do are destroyed") {
    in_virtual_time([] {
      const auto held = std::make_shared<int>(42);
      send_after(1s, self(), held);
      send_after(2s, self(), std::make_unique<int>(43));
      send_after(3s, self(), std::array<std::uint64_t, 3>{1, 2, 3});
      send_after(4s, self(), std::array<std::uint64_t, 4>{1, 2, 3, 4});
      CHECK(*next<std::shared_ptr<int>>() == 42);
      CHECK(*next<std::unique_ptr<int>>() == 43);
      CHECK(next<std::array<std::uint64_t, 3>>()[2] == 3);
      CHECK(next<std::array<std::uint64_t, 4>>()[3] == 4);
      CHECK(held.use_count() == 1);

      const auto cancelled = send_after(1h, self(), held);
      const pid victim = spawn([] { receive([](int) {}); });
      send_after(1h, victim, held);
      send_after(1h, victim, std::pair{held, std::string{"too large"}});
      CHECK(held.use_count() == 4);
      cancel_timer(cancelled);
      CHECK(held.use_count() == 3);
      exit(victim, "boom");
      await_idle();
      CHECK(held.use_count() == 1);
    });
  }

  TEST_CASE("text in quotes arrives from a timer as a std::string") {
    in_virtual_time([] {
      send_after(1ms, self(), "due");
      CHECK(next<std::string>() == "due");
    });
  }

  TEST_CASE("cancel_timer gives the time that was left, and the message never comes (S50)") {
    in_virtual_time([] {
      const timer_reference timer = send_after(1000ms, self(), go{});
      sleep(400ms);
      CHECK(cancel_timer(timer) == 600ms);
      CHECK_FALSE(cancel_timer(timer));
      sleep(1h);
      CHECK_FALSE(has_queued<go>());
    });
  }

  TEST_CASE("after cancel_timer of a timer that has fired, its message may be queued (S50)") {
    in_virtual_time([] {
      const timer_reference timer = send_after(10ms, self(), go{});
      sleep(20ms);
      CHECK_FALSE(cancel_timer(timer));
      CHECK(has_queued<go>());
    });
  }

  TEST_CASE("any process may cancel a timer (S50)") {
    in_virtual_time([] {
      const timer_reference timer = send_after(1000ms, self(), go{});
      std::optional<std::chrono::milliseconds> left;
      reason_of_end([&left, timer] { left = cancel_timer(timer); });
      CHECK(left == 1000ms);
      sleep(2s);
      CHECK_FALSE(has_queued<go>());
    });
  }

  TEST_CASE("a false timer reference is no timer") {
    in_virtual_time([] {
      CHECK_FALSE(cancel_timer({}));
      CHECK_FALSE(read_timer({}));
      CHECK_FALSE(cancel_timer(timer_reference{123456789, 99, 1s}));
      CHECK_FALSE(read_timer(timer_reference{123456789, 0, 1s}));
    });
  }

  TEST_CASE("read_timer gives the time that is left, or nothing (S51)") {
    in_virtual_time([] {
      const timer_reference timer = send_after(1000ms, self(), go{});
      CHECK(read_timer(timer) == 1000ms);
      sleep(999ms);
      CHECK(read_timer(timer) == 1ms);
      sleep(2ms);
      CHECK_FALSE(read_timer(timer));
    });
  }

  TEST_CASE("a negative time is badarg (S51)") {
    in_virtual_time([] {
      CHECK(fails_with("badarg", [] { send_after(-1ms, self(), go{}); }));
      CHECK(fails_with("badarg", [] { send_after(-1ns, "name", go{}); }));
    });
  }

  TEST_CASE("a timer to a pid goes with the process (S52)") {
    in_virtual_time([] {
      const spawned brief = spawn_monitor([] { next<go>(); });
      const timer_reference timer = send_after(1000ms, brief.process, go{});
      CHECK(read_timer(timer) == 1000ms);
      exit(brief.process, "out");
      reason_of(brief);
      CHECK_FALSE(read_timer(timer));
      // Nor is there one for a process that is gone already.
      CHECK_FALSE(send_after(1000ms, brief.process, go{}));
      CHECK_FALSE(advance_to_next_timer());
    });
  }

  TEST_CASE("a timer to a name is delivered to who has it when the time has come (S52)") {
    in_virtual_time([] {
      const spawned first = spawn_monitor([] { next<std::string>(); });
      register_name("wanted", first.process);
      const timer_reference timer = send_after(1000ms, "wanted", 5);
      exit(first.process, "out");
      reason_of(first);
      CHECK(read_timer(timer) == 1000ms);
      register_name("wanted", self());
      CHECK(next<int>() == 5);
    });
  }

  TEST_CASE("a timer to a name that nobody has expires in silence (S52)") {
    in_virtual_time([] {
      const timer_reference timer = send_after(10ms, "nobody", 5);
      CHECK(timer);
      sleep(20ms);
      CHECK_FALSE(read_timer(timer));
    });
  }

  TEST_CASE("timers of equal time fire in the order of their making (S53)") {
    in_virtual_time([] {
      for (int i = 0; i < 100; ++i) send_after(10ms, self(), i);
      bool in_order = true;
      for (int i = 0; i < 100; ++i) in_order = next<int>() == i && in_order;
      CHECK(in_order);
    });
  }

  TEST_CASE("a timer of no time does not overtake a message that is sent right after it (S53)") {
    in_virtual_time([] {
      send_after(0ms, self(), std::string{"by the timer"});
      send(self(), std::string{"at once"});
      CHECK(next<std::string>() == "at once");
      CHECK(next<std::string>() == "by the timer");
    });
  }

  TEST_CASE("a thousand timers fire in the order of their times, whatever the order of their making") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      constexpr int timers = 1000;
      for (int i = 0; i < timers; ++i) {
        const auto time = std::chrono::milliseconds{i * 7919 % timers};
        send_after(time, self(), time);
      }
      for (int i = 0; i < timers; ++i) {
        const auto due = next<std::chrono::milliseconds>();
        CHECK(due == std::chrono::milliseconds{i});
        CHECK(monotonic_time() - start == due);
      }
    });
  }

  TEST_CASE("timers of threads that are no process fire as well") {
    const captured_log log;
    runtime outside{{.threads = 2}};
    outside.start();
    const spawned receiver = [] {
      const thread_process me;
      return spawned{spawn([] { next<go>(); }), {}};
    }();
    send_after(5ms, receiver.process, go{});
    const thread_process me;
    const exit_reason reason = reason_of(monitor(receiver.process));
    CHECK((reason == exit_reason::normal() || reason == exit_reason::noproc()));
  }
}
