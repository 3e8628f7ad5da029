// A process that keeps its thread holds up nobody else while another thread is free. Here somebody keeps it until
// others have had their turn: they can have it on the other thread only, and if they do not, the test does not end
// well.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/blocking.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};

/// Blocks the thread, not the process, until it is opened. Shared by those who open it and who wait.
class gate {
 public:
  void open() const { opened_->set_value(); }
  bool wait() const { return opened_->get_future().wait_for(patience) == std::future_status::ready; }

 private:
  std::shared_ptr<std::promise<void>> opened_ = std::make_shared<std::promise<void>>();
};

/// Runs `body` in a process that wakes up in a runtime of two threads which both sleep, and of which none looks up now
/// and then: at once, and when the other thread sleeps again.
template <class Body>
void woken_from_sleep(Body body) {
  const captured_log log;
  runtime two{{.threads = 2}};
  two.start();
  auto& engine = detail::running_runtime().engine;
  for (const bool other_sleeps_again : {false, true}) {
    CAPTURE(other_sleeps_again);
    std::promise<bool> result;
    const pid woken = spawn([&] {
      receive([&](go) {
        while (other_sleeps_again && engine.asleep() != 1) std::this_thread::yield();
        result.set_value(body());
      });
    });
    while (!engine.rests()) std::this_thread::yield();
    send(woken, go{});
    CHECK(result.get_future().get());
  }
  two.stop();
}

}  // namespace

TEST_SUITE("fairness") {
  TEST_CASE("who keeps a thread does not keep those that wait there from running") {
    in_runtime({.threads = 2}, [] {
      constexpr int others = 100;
      const auto had_a_turn = std::make_shared<std::atomic<int>>(0);
      const gate all;
      for (int i = 0; i < others; ++i) {
        spawn([=] {
          if (++*had_a_turn == others) all.open();
        });
      }
      CHECK(all.wait());
    });
  }

  TEST_CASE("nor one that waits there alone, when all had slept before") {
    woken_from_sleep([] {
      const gate other;
      spawn([other] { other.open(); });
      return other.wait();
    });
  }

  TEST_CASE("nor those whose time has come there") {
    woken_from_sleep([] {
      const gate other;
      const pid waits = spawn([other] { receive([&other](go) { other.open(); }); });
      send_after(1ms, waits, go{});
      return other.wait();
    });
  }

  TEST_CASE("who floods another holds up neither that nor a third") {
    in_runtime({.threads = 2}, [] {
      std::atomic<bool> third_had_its_turn{false};
      std::atomic<bool> flooded_has_received{false};
      const pid flooded = spawn([&] {
        for (;;) receive([&](int) { flooded_has_received = true; });
      });
      spawn([&] { third_had_its_turn = true; });
      const auto last = std::chrono::steady_clock::now() + patience;
      while (!(third_had_its_turn && flooded_has_received) && std::chrono::steady_clock::now() < last) send(flooded, 1);
      CHECK(third_had_its_turn);
      CHECK(flooded_has_received);
      exit(flooded, exit_reason::kill());
      await_end_of(flooded);
    });
  }
  TEST_CASE("who yields goes on when all have had their turn who were waiting, in order") {
    in_runtime({.threads = 1, .virtual_time = true}, [] {
      std::string order;
      const auto steps = [&order](char who) {
        return [&order, who] {
          for (int i = 0; i < 3; ++i) {
            order += who;
            yield();
          }
        };
      };
      const spawned a = spawn_monitor(steps('a'));
      const spawned b = spawn_monitor(steps('b'));
      const spawned c = spawn_monitor(steps('c'));
      for (const spawned& each : {a, b, c}) reason_of(each);
      CHECK(order == "abcabcabc");
    });
  }

  TEST_CASE("a loop that looks for something and yields keeps nobody from making it") {
    on_one_thread_and_on_four([] {
      const pid made = spawn([] {
        sleep(1ms);
        register_name("made", self());
        receive([](go) {});
      });
      while (!whereis("made")) yield();
      send(made, go{});
      await_end_of(made);
    });
  }

  TEST_CASE("an exit signal ends who yields") {
    on_one_thread_and_on_four([] {
      const spawned restless = spawn_monitor([] {
        for (;;) yield();
      });
      exit(restless.process, exit_reason{"enough"});
      CHECK(reason_of(restless) == exit_reason{"enough"});
    });
  }

  TEST_CASE("a thread that is a process yields to other threads, and an exit signal ends it there") {
    in_runtime({.threads = 1}, [] {
      std::promise<exit_reason> why;
      std::promise<pid> who;
      std::thread other{[&] {
        try {
          const thread_process here;
          who.set_value(self());
          for (;;) yield();
        } catch (...) {
          why.set_value(exit_reason{"unwound"});
        }
      }};
      exit(who.get_future().get(), exit_reason::kill());
      blocking([&] { CHECK(why.get_future().get() == exit_reason{"unwound"}); });
      other.join();
    });
  }
}
