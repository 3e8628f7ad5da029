#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#include <doctest/doctest.h>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct go {};
struct ready {};

// libstdc++ declares it pure: the compiler must not keep its answer over a wait.
[[gnu::noinline]] int exceptions_in_flight() {
  return std::uncaught_exceptions();
}

// Throws `own`, calls `wait` while it is being handled, then rethrows whatever the C++ runtime takes for the current
// one.
template <class Wait>
std::string rethrown_after(const std::string& own, Wait wait) {
  try {
    try {
      throw std::runtime_error{own};
    } catch (...) {
      wait();
      throw;
    }
  } catch (const std::exception& caught) {
    return caught.what();
  }
}

// Calls a function while an exception unwinds it.
template <class Function>
struct at_unwinding {
  Function function;
  ~at_unwinding() { function(); }
};
template <class Function>
at_unwinding(Function) -> at_unwinding<Function>;

}  // namespace

TEST_SUITE("exceptions across switches") {
  // Both wait inside a catch block, and go on in the order in which they began: whoever began first finds the other's
  // exception on top, if the C++ runtime's record of them is not exchanged at the switch.
  TEST_CASE("processes that wait inside a catch block rethrow each its own exception") {
    in_runtime({.threads = 1}, [] {
      const auto start = [main = self()](const std::string& own) {
        return spawn([main, own] {
          const std::string seen = rethrown_after(own, [main] {
            send(main, ready{});
            next<go>();
          });
          send(main, own + " saw " + seen);
        });
      };
      const pid a = start("A");
      next<ready>();
      const pid b = start("B");
      next<ready>();
      send(a, go{});
      CHECK(next<std::string>() == "A saw A");
      send(b, go{});
      CHECK(next<std::string>() == "B saw B");
    });
  }

  // The same without our algorithm: the proof that the test above can fail.
  TEST_CASE("plain fibers swap their exceptions there") {
    std::string a_saw;
    std::string b_saw;
    std::thread{[&] {
      boost::fibers::fiber a{[&a_saw] { a_saw = rethrown_after("A", [] { boost::this_fiber::yield(); }); }};
      boost::fibers::fiber b{[&b_saw] { b_saw = rethrown_after("B", [] { boost::this_fiber::yield(); }); }};
      a.join();
      b.join();
    }}.join();
    CHECK(a_saw == "B");
    CHECK(b_saw == "A");
  }

  TEST_CASE("an exception that is handled in one process is no current exception of another") {
    in_runtime({.threads = 1}, [] {
      const pid handling = spawn([main = self()] {
        try {
          throw std::runtime_error{"handled"};
        } catch (...) {
          send(main, ready{});
          next<go>();
        }
        send(main, std::current_exception() == nullptr);
      });
      next<ready>();
      CHECK(std::current_exception() == nullptr);
      send(handling, go{});
      CHECK(next<bool>());
    });
  }

  TEST_CASE("uncaught_exceptions counts those of the own process only") {
    in_runtime({.threads = 1}, [] {
      const spawned unwinding = spawn_monitor([main = self()] {
        const at_unwinding waits{[main] {
          send(main, exceptions_in_flight());
          next<go>();
          send(main, exceptions_in_flight());
        }};
        throw std::runtime_error{"thrown"};
      });
      CHECK(next<int>() == 1);
      // It waits in a destructor, with its exception in flight.
      CHECK(exceptions_in_flight() == 0);
      int inside = -1;
      int after_it = -1;
      try {
        const at_unwinding counts{[&inside] { inside = exceptions_in_flight(); }};
        throw 1;
      } catch (int) {
        after_it = exceptions_in_flight();
      }
      CHECK(inside == 1);
      CHECK(after_it == 0);
      send(unwinding.process, go{});
      CHECK(next<int>() == 1);
      CHECK(reason_of(unwinding).to_string() == "std::runtime_error: thrown");
      CHECK(exceptions_in_flight() == 0);
    });
  }

  TEST_CASE("a process keeps its exceptions when it goes on on another thread") {
    on_one_thread_and_on_four([] {
      constexpr int rounds = 40;
      constexpr int processes_at_once = 50;
      std::vector<pid> all;
      for (int i = 0; i < processes_at_once; ++i) {
        all.push_back(spawn([main = self(), own = "exception " + std::to_string(i)] {
          int mistakes = 0;
          for (int round = 0; round < rounds; ++round) {
            const auto exchange = [main] {
              send(main, ping{self()});
              next<pong>();
            };
            if (rethrown_after(own, [&] { mistakes += rethrown_after(own + "'s", exchange) == own + "'s" ? 0 : 1; }) !=
                own) {
              ++mistakes;
            }
            if (exceptions_in_flight() != 0 || std::current_exception() != nullptr) ++mistakes;
          }
          send(main, mistakes);
        }));
      }
      int mistakes = 0;
      for (int over = 0; over < processes_at_once;) {
        receive([](ping asked) { send(asked.from, pong{self()}); },
                [&](int made) {
                  mistakes += made;
                  ++over;
                },
                after(patience, [] { exit("nothing came"); }));
      }
      CHECK(mistakes == 0);
    });
  }
}
