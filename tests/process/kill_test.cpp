#include <atomic>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};
struct ready {};
struct never {};

struct double_it {
  using reply = int;
  int value;
};

class doubler : public server<doubler, double_it> {
 public:
  int handle(double_it asked) const { return 2 * asked.value; }
};

// Tells by a message that it was destroyed.
struct tells_of_its_end {
  pid to;
  ~tells_of_its_end() { send(to, std::string{"destroyed"}); }
};

// Calls a function when it is destroyed.
template <class Function>
struct at_destruction {
  Function function;
  ~at_destruction() { function(); }
};
template <class Function>
at_destruction(Function) -> at_destruction<Function>;

}  // namespace

TEST_SUITE("kill") {
  TEST_CASE("a process that waits is unwound from where it waits") {
    on_one_thread_and_on_four([] {
      const spawned victim = spawn_monitor([main = self()] {
        const tells_of_its_end told{main};
        send(main, ready{});
        next<never>();
      });
      next<ready>();
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK(has_queued<std::string>());
    });
  }

  TEST_CASE("a process that waits for a time is unwound too, and leaves no timer") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      const spawned victim = spawn_monitor([] { sleep(1h); });
      sleep(1s);
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK(monotonic_time() - start == 1s);
    });
  }

  TEST_CASE("a process that is to run is unwound at its next wait") {
    in_runtime({.threads = 1}, [] {
      const spawned victim = spawn_monitor([main = self()] {
        const tells_of_its_end told{main};
        next<go>();
        // Killed by now, since both came together.
        send(main, std::string{"went on"});
      });
      send(victim.process, go{});
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK_FALSE(has_queued<std::string>());  // it had not begun
    });
  }

  TEST_CASE("a process that has not begun never does, and what it holds is destroyed") {
    in_runtime({.threads = 1}, [] {
      bool began = false;
      auto held = std::make_shared<int>(1);
      const std::weak_ptr<int> watched = held;
      const spawned victim = spawn_monitor([&began, held = std::move(held)] { began = true; });
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK_FALSE(began);
      CHECK(watched.expired());
    });
  }

  TEST_CASE("a process that is busy with messages ends between two of them") {
    on_one_thread_and_on_four([] {
      const spawned victim = spawn_monitor([] {
        send(self(), go{});
        for (;;) {
          receive([](go) {});
          send(self(), go{});
        }
      });
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
    });
  }

  TEST_CASE("a server at rest ends without a stack to unwind, and its state is destroyed") {
    on_one_thread_and_on_four([] {
      const pid victim = start<doubler>().process();
      CHECK(call(victim, double_it{21}) == 42);
      const reference watched = monitor(victim);
      exit(victim, exit_reason::kill());
      CHECK(reason_of(watched) == exit_reason::killed());
    });
  }

  TEST_CASE("code that catches everything around a wait meets the kill again at the next one") {
    on_one_thread_and_on_four([] {
      for (int catches = 1; catches <= 3; ++catches) {
        std::atomic<int> caught{0};
        const spawned stubborn = spawn_monitor([&caught, catches, main = self()] {
          const tells_of_its_end told{main};
          send(main, ready{});
          for (int i = 0; i < catches; ++i) {
            try {
              next<never>();
            } catch (...) {
              ++caught;
            }
          }
        });
        next<ready>();
        exit(stubborn.process, exit_reason::kill());
        // It gave in by returning: the reason is that of the kill all the same.
        CHECK(reason_of(stubborn) == exit_reason::killed());
        CHECK(caught == catches);
        CHECK(has_queued<std::string>());
        CHECK(runtime::current()->abandoned() == 0);
      }
    });
  }

  TEST_CASE("what unwinds a killed process may be caught, kept, and thrown again, also behind another exception") {
    on_one_thread_and_on_four([] {
      const spawned passes_on = spawn_monitor([main = self()] {
        const tells_of_its_end told{main};
        send(main, ready{});
        try {
          throw std::runtime_error{"first"};
        } catch (const std::runtime_error& first) {
          try {
            next<never>();
          } catch (...) {
            CHECK(std::uncaught_exceptions() == 0);
            const std::exception_ptr kept = std::current_exception();
            try {
              throw;
            } catch (...) {
              CHECK(std::current_exception() == kept);
            }
            CHECK(std::string{first.what()} == "first");
            std::rethrow_exception(kept);
          }
        }
        FAIL("nobody has swallowed it");
      });
      next<ready>();
      exit(passes_on.process, exit_reason::kill());
      CHECK(reason_of(passes_on) == exit_reason::killed());
      CHECK(has_queued<std::string>());
    });
  }

  TEST_CASE("code that keeps catching is left where it stands after the third time, and its DOWN is sent") {
    for (const unsigned threads : {1U, 4U}) {
      const captured_log log;
      static std::atomic<int> caught;
      caught = 0;
      std::optional<exit_reason> reason;
      std::optional<std::size_t> abandoned;
      bool destroyed = true;
      const int status = run(
          [&] {
            const spawned stubborn = spawn_monitor([main = self()] {
              const tells_of_its_end told{main};
              send(main, ready{});
              for (;;) {
                try {
                  next<never>();
                } catch (...) {
                  ++caught;
                }
              }
            });
            next<ready>();
            exit(stubborn.process, exit_reason::kill());
            reason = reason_of(stubborn);
            abandoned = runtime::current()->abandoned();
            destroyed = has_queued<std::string>();
            CHECK_FALSE(is_alive(stubborn.process));
            // The thread it ran on serves others.
            for (int i = 0; i < 8; ++i) CHECK(answers(spawn(echo_loop)));
          },
          {.threads = threads});
      CHECK(status == 0);
      CHECK(reason == exit_reason::killed());
      CHECK(abandoned == 1);
      CHECK(caught == 3);
      CHECK_FALSE(destroyed);
      CHECK(log.tells("left where it stands"));
    }
  }

  TEST_CASE("an exit signal that is no kill is as stubborn") {
    on_one_thread_and_on_four([] {
      static std::atomic<int> caught;
      caught = 0;
      const spawned stubborn = spawn_monitor([main = self()] {
        send(main, ready{});
        for (;;) {
          try {
            next<never>();
          } catch (...) {
            ++caught;
          }
        }
      });
      next<ready>();
      exit(stubborn.process, "out");
      CHECK(reason_of(stubborn) == exit_reason{"out"});
      CHECK(caught == 3);
      CHECK(runtime::current()->abandoned() == 1);
    });
  }

  TEST_CASE("a destructor may wait while a kill unwinds it: with a time") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      const spawned victim = spawn_monitor([main = self()] {
        const at_destruction waits{
            [main] { receive([](never) {}, after(2s, [main] { send(main, std::string{"waited"}); })); }};
        next<never>();
      });
      sleep(1s);
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK(next<std::string>() == "waited");
      CHECK(monotonic_time() - start == 3s);
    });
  }

  TEST_CASE("a destructor may wait while a kill unwinds it: for the answer to a call") {
    on_one_thread_and_on_four([] {
      const pid calculator = start<doubler>().process();
      const spawned victim = spawn_monitor([calculator, main = self()] {
        const at_destruction asks{[calculator, main] { send(main, call(calculator, double_it{21})); }};
        send(main, ready{});
        next<never>();
      });
      next<ready>();
      exit(victim.process, exit_reason::kill());
      CHECK(next<int>() == 42);
      CHECK(reason_of(victim) == exit_reason::killed());
    });
  }

  TEST_CASE("a kill that comes while a destructor waits in an unwinding does not interrupt it") {
    on_one_thread_and_on_four([] {
      const spawned victim = spawn_monitor([main = self()] {
        const at_destruction waits{[main] {
          send(main, ready{});
          next<go>();
          send(main, std::string{"destroyed"});
        }};
        throw std::runtime_error{"thrown"};
      });
      next<ready>();
      exit(victim.process, exit_reason::kill());
      CHECK(is_alive(victim.process) == false);
      send(victim.process, go{});
      CHECK(reason_of(victim) == exit_reason::killed());
      CHECK(has_queued<std::string>());
    });
  }

  TEST_CASE("what a process holds may wait while it is destroyed, after a kill as after a normal end") {
    struct asks_at_its_end {
      pid calculator;
      pid to;
      asks_at_its_end(pid of, pid told) : calculator{of}, to{told} {}
      asks_at_its_end(asks_at_its_end&& other) noexcept
          : calculator{other.calculator}, to{std::exchange(other.to, pid{})} {}
      asks_at_its_end& operator=(asks_at_its_end&&) = delete;
      ~asks_at_its_end() {
        if (to) send(to, call(calculator, double_it{21}));
      }
    };
    on_one_thread_and_on_four([] {
      const pid calculator = start<doubler>().process();
      for (const exit_reason& reason : {exit_reason::normal(), exit_reason{"out"}, exit_reason::kill()}) {
        const spawned holder =
            spawn_monitor([held = asks_at_its_end{calculator, self()}, main = self(), normal = reason.is_normal()] {
              send(main, ready{});
              if (!normal) next<never>();
            });
        next<ready>();
        if (!reason.is_normal()) exit(holder.process, reason);
        CHECK(next<int>() == 42);
        CHECK(reason_of(holder) == (reason.is_kill() ? exit_reason::killed() : reason));
      }
    });
  }

  TEST_CASE("a second kill changes nothing") {
    on_one_thread_and_on_four([] {
      const spawned victim = spawn_monitor([main = self()] {
        send(main, ready{});
        next<never>();
      });
      next<ready>();
      for (int i = 0; i < 10; ++i) exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason::killed());
    });
  }

  TEST_CASE("processes that kill each other both end") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 100; ++round) {
        const auto assassin = [] {
          const pid other = next<pid>();
          exit(other, exit_reason::kill());
          next<never>();
        };
        const spawned left = spawn_monitor(assassin);
        const spawned right = spawn_monitor(assassin);
        send(left.process, right.process);
        send(right.process, left.process);
        // One of the two signals may come so early that its receiver kills nobody.
        exit(left.process, exit_reason::kill());
        exit(right.process, exit_reason::kill());
        CHECK(reason_of(left) == exit_reason::killed());
        CHECK(reason_of(right) == exit_reason::killed());
      }
    });
  }
}
