#include <cstddef>
#include <exception>
#include <memory>
#include <thread>
#include <vector>

#include <alloca.h>
#include <doctest/doctest.h>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct ready {};
struct never {};

// What a process leaves behind on its way out, in order.
std::vector<int> seen;

struct marked {
  int number;
  ~marked() { seen.push_back(number); }
};

// Kills a process that waits in `what`.
template <class Function>
void kill_in(Function what) {
  seen.clear();
  const spawned victim = spawn_monitor([what, main = self()] {
    send(main, ready{});
    what();
  });
  next<ready>();
  exit(victim.process, exit_reason::kill());
  CHECK(reason_of(victim) == exit_reason::killed());
}

// What comes after the call keeps it from being a jump.
[[gnu::noinline]] void wait() {
  receive([](never) {});
  asm volatile("");
}
[[gnu::noinline]] void wait_beside(int number) {
  const marked here{number};
  wait();
}
[[gnu::noinline]] void wait_below(int number) {
  const marked here{number};
  wait_beside(number + 1);
}
[[gnu::noinline]] void pass_on(void (*next)(int), int number) {
  next(number);
  asm volatile("");
}
template <class Function>
[[gnu::noinline]] void in_room(std::size_t bytes, Function what) {
  void* const room = ::alloca(bytes);
  asm volatile("" ::"r"(room) : "memory");
  what();
  asm volatile("");
}
void wait_in_room(std::size_t bytes) {
  in_room(bytes, wait);
}
// Called by a pointer, both come from the same place; and with a room that is smaller by the second one's frame, they
// wait at the same place of the stack.
[[gnu::noinline]] void wait_right_in_room(std::size_t bytes) {
  void* const room = ::alloca(bytes);
  asm volatile("" ::"r"(room) : "memory");
  wait();
  asm volatile("");
}
[[gnu::noinline]] void wait_in_room_beside(std::size_t bytes) {
  const marked here{1};
  wait_right_in_room(bytes);
}
[[gnu::noinline]] void pass_size_on(void (*next)(std::size_t), std::size_t bytes) {
  next(bytes);
  asm volatile("");
}

}  // namespace

TEST_SUITE("unwinding") {
  TEST_CASE("what lies on the stack is destroyed, by the first kill and by all that follow") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 4; ++kill) {
        CAPTURE(kill);
        kill_in([] { wait(); });
        CHECK(seen.empty());
        kill_in([] { wait_beside(1); });
        CHECK(seen == std::vector{1});
        kill_in([] { wait_below(1); });
        CHECK(seen == std::vector{2, 1});
        kill_in([] { pass_on(wait_below, 1); });
        CHECK(seen == std::vector{2, 1});
        kill_in([] {
          const marked here{0};
          pass_on(wait_beside, 1);
        });
        CHECK(seen == std::vector{1, 0});
        kill_in([] {
          const marked here{0};
          wait();
        });
        CHECK(seen == std::vector{0});
      }
    });
  }

  TEST_CASE("what waits with a time-out is unwound in the same ways") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 4; ++kill) {
        CAPTURE(kill);
        kill_in([] { receive([](never) {}, after(patience, [] {})); });
        CHECK(seen.empty());
        kill_in([] {
          const marked here{0};
          coppice::sleep(patience);
        });
        CHECK(seen == std::vector{0});
      }
    });
  }

  TEST_CASE("a clause with something to destroy is destroyed") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 4; ++kill) {
        CAPTURE(kill);
        auto held = std::make_shared<int>(1);
        kill_in([watched = std::weak_ptr{held}] {
          receive([held = watched.lock()](never) {});
          asm volatile("");
        });
        CHECK(held.use_count() == 1);
      }
    });
  }

  TEST_CASE("a frame may be of any size") {
    in_runtime({.threads = 1}, [] {
      for (std::size_t bytes = 0; bytes < 4096; bytes += 497) {
        CAPTURE(bytes);
        kill_in([bytes] { wait_in_room(bytes); });
        CHECK(seen.empty());
        kill_in([bytes] {
          const marked here{1};
          wait_in_room(bytes);
        });
        CHECK(seen == std::vector{1});
      }
    });
  }

  TEST_CASE("a frame that makes up for another one's size does not hide it") {
    in_runtime({.threads = 1}, [] {
      const auto kill_at = [](void (*where)(std::size_t), std::size_t bytes) {
        kill_in([where, bytes] { pass_size_on(where, bytes); });
      };
      for (std::size_t bytes = 512; bytes > 0; bytes -= 16) {
        CAPTURE(bytes);
        kill_at(wait_right_in_room, 512);
        CHECK(seen.empty());
        kill_at(wait_in_room_beside, bytes);
        CHECK(seen == std::vector{1});
      }
    });
  }

  TEST_CASE("a `catch (...)` that rethrows sees each kill") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 4; ++kill) {
        CAPTURE(kill);
        kill_in([] {
          const marked outside{3};
          try {
            const marked inside{1};
            wait();
          } catch (...) {
            seen.push_back(2);
            throw;
          }
        });
        CHECK(seen == std::vector{1, 2, 3});
      }
    });
  }

  TEST_CASE("who is killed where it handles an exception leaves none behind") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 4; ++kill) {
        CAPTURE(kill);
        kill_in([] {
          const marked outside{2};
          try {
            throw 1;
          } catch (int) {
            const marked inside{1};
            wait();
          }
        });
        CHECK(seen == std::vector{1, 2});
        // The next process runs on the same fiber.
        const spawned next = spawn_monitor([] {
          CHECK(std::uncaught_exceptions() == 0);
          CHECK(std::current_exception() == nullptr);
        });
        CHECK(reason_of(next) == exit_reason::normal());
      }
    });
  }

  TEST_CASE("a thread of the user's is unwound up to its own `catch (...)`") {
    in_runtime({.threads = 1}, [] {
      for (int kill = 0; kill < 2; ++kill) {
        seen.clear();
        const pid boss = self();
        std::thread other{[boss] {
          const thread_process here;
          send(boss, self());
          try {
            const marked inside{1};
            wait();
          } catch (...) {
            seen.push_back(2);
          }
        }};
        const pid victim = next<pid>();
        const reference watched = monitor(victim);
        exit(victim, exit_reason::kill());
        CHECK(reason_of(watched) == exit_reason::killed());
        other.join();
        CHECK(seen == std::vector{1, 2});
      }
    });
  }
}
