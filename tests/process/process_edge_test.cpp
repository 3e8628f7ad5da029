// What leaves the function of a process ends that process, whatever it is, and nothing else.

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/throw_trace.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace shop {

struct out_of_stock : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct plain {
  int value;
};

}  // namespace shop

namespace {

constexpr bool traces_throws = !is_sanitized;

struct throws_when_destroyed {
  ~throws_when_destroyed() noexcept(false) {
    if (std::uncaught_exceptions() == 0) throw std::runtime_error{"from a destructor"};
  }
};

[[gnu::noinline]] void throw_here() {
  throw std::runtime_error{"here"};
}

// The program or library that an address lies in; null: in none.
const void* object_of(const void* address) {
  Dl_info found{};
  return ::dladdr(address, &found) != 0 ? found.dli_fbase : nullptr;
}

template <class Body>
void expect_end(Body body, const std::string& text) {
  const exit_reason reason = reason_of_end(std::move(body));
  CHECK(reason.to_string() == text);
  CHECK_FALSE(reason.is_normal_end());
  CHECK(reason.thrown() != nullptr);
  if (traces_throws && reason.thrown() != nullptr) CHECK_FALSE(reason.thrown()->trace.empty());
}

}  // namespace

TEST_SUITE("edge of a process") {
  TEST_CASE("an exception is the exit reason, by its type and its text") {
    on_one_thread_and_on_four([] {
      expect_end([] { throw std::runtime_error{"no route to host"}; }, "std::runtime_error: no route to host");
      expect_end([] { throw shop::out_of_stock{"pears"}; }, "shop::out_of_stock: pears");
      expect_end([] { throw std::make_error_code(std::errc::timed_out); }, "std::error_code");
      expect_end([] { throw std::bad_alloc{}; }, "std::bad_alloc: std::bad_alloc");
    });
  }

  TEST_CASE("so is what is no std::exception") {
    on_one_thread_and_on_four([] {
      expect_end([] { throw 42; }, "int");
      expect_end([] { throw shop::plain{42}; }, "shop::plain");
      expect_end([] { throw "text in quotes"; }, "const char*: text in quotes");
      expect_end([] { throw std::string{"a string"}; }, "std::string: a string");
      expect_end([] { throw std::make_unique<int>(1); }, "std::unique_ptr<int, std::default_delete<int> >");
    });
  }

  TEST_CASE("a nested exception ends the process with the outer one") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] {
        try {
          throw_here();
        } catch (...) {
          std::throw_with_nested(std::logic_error{"outer"});
        }
      });
      CHECK(reason.to_string().find("outer") != std::string::npos);
    });
  }

  TEST_CASE("an exception is caught wherever it comes from") {
    on_one_thread_and_on_four([] {
      expect_end([] { const throws_when_destroyed last; }, "std::runtime_error: from a destructor");
      // Rethrown, also from a copy that lived on.
      expect_end(
          [] {
            std::exception_ptr kept;
            try {
              throw_here();
            } catch (...) {
              kept = std::current_exception();
            }
            try {
              throw 1;
            } catch (int) {
              throw_here();
            }
          },
          "std::runtime_error: here");
      const exit_reason rethrown = reason_of_end([] {
        std::exception_ptr kept;
        try {
          throw_here();
        } catch (...) {
          kept = std::current_exception();
        }
        std::rethrow_exception(kept);
      });
      CHECK(rethrown.to_string() == "std::runtime_error: here");
    });
  }

  TEST_CASE("what catches everything and rethrows changes nothing") {
    on_one_thread_and_on_four([] {
      CHECK(reason_of_end([] {
              try {
                exit("out");
              } catch (...) {
                throw;
              }
            }) == exit_reason{"out"});
    });
  }

  TEST_CASE("a crash is reported with its reason and where it was thrown, an exit is not") {
    const captured_log log;
    CHECK(run([] {
            reason_of_end([] { throw std::runtime_error{"the pump is dry"}; });
            reason_of_end([] { exit("silent"); });
            reason_of_end([] { exit(exit_reason::killed()); });
          }) == 0);
    REQUIRE(log.records().size() == 1);
    CHECK(log.records()[0].level == log_level::error);
    CHECK(log.tells("std::runtime_error: the pump is dry"));
    if (traces_throws) CHECK(log.tells("\n    at "));
  }

  TEST_CASE("a trace leads from where it was thrown to where the process began") {
    in_runtime({.threads = 1}, [] {
      const exit_reason reason = reason_of_end(throw_here);
      if (!traces_throws) return;
      const auto& trace = reason.thrown()->trace;
      CHECK(trace.size() > 3);
      CHECK(object_of(trace.front()) == object_of(reinterpret_cast<const void*>(&throw_here)));
      for (const void* const address : trace) CHECK(object_of(address) != nullptr);
    });
  }

  TEST_CASE("what the library throws to get out of somewhere is not traced") {
    in_runtime({.threads = 1}, [] {
      const auto is_traced = [](auto thrower) {
        detail::take_throw_trace(nullptr);
        try {
          thrower();
        } catch (...) {
          return !detail::take_throw_trace(nullptr).empty();
        }
        return true;
      };
      CHECK(is_traced([] { throw 1; }) == traces_throws);
      CHECK_FALSE(is_traced([] { exit("boom"); }));
      CHECK_FALSE(is_traced([] { throw detail::unwinding{}; }));
    });
  }

  TEST_CASE("traces can be switched off, and on again") {
    in_runtime({.threads = 1}, [] {
      record_throw_traces(false);
      CHECK(reason_of_end(throw_here).thrown()->trace.empty());
      record_throw_traces(true);
      CHECK(reason_of_end(throw_here).thrown()->trace.empty() == !traces_throws);
    });
  }

  TEST_CASE("nothing that one process throws touches the others") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      for (int i = 0; i < 100; ++i) reason_of_end([i] { throw i; });
      CHECK(answers(echo));
    });
  }
}
