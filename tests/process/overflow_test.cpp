// A stack that overflows ends the program, which is therefore a child of the test.

#include <array>
#include <csignal>
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/scheduling/stack_pool.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_plain = false;  // a sanitizer has handlers and stacks of its own
#else
constexpr bool is_plain = true;
#endif

struct end {
  int status = 0;
  std::string said;
};

/// Runs that in a process of the system.
end end_of_child(const std::function<void()>& body) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    std::signal(SIGSEGV, SIG_DFL);  // in place of doctest's
    body();
    _exit(0);
  }
  close(ends[1]);
  end seen;
  std::array<char, 1024> part{};
  for (ssize_t count; (count = read(ends[0], part.data(), part.size())) > 0;) {
    seen.said.append(part.data(), static_cast<std::size_t>(count));
  }
  close(ends[0]);
  REQUIRE(waitpid(child, &seen.status, 0) == child);
  return seen;
}

// Each call needs a part of a page, so that none leaps over the guard.
[[gnu::noinline]] int fall(int depth) {
  std::array<volatile char, 512> room{};
  room[static_cast<std::size_t>(depth) % room.size()] = static_cast<char>(depth);
  return depth < 0 ? 0 : fall(depth + 1) + room[1];
}

bool ended_by_fault(const end& seen) {
  return WIFSIGNALED(seen.status) && WTERMSIG(seen.status) == SIGSEGV;
}

bool tells(const end& seen, std::string_view what) {
  return seen.said.find(what) != std::string::npos;
}

void on_earlier_handler(int) {
  constexpr std::string_view text = "the handler before is called\n";
  static_cast<void>(write(STDERR_FILENO, text.data(), text.size()));
  _exit(7);
}

}  // namespace

TEST_SUITE("stack overflow" * doctest::skip(!is_plain)) {
  TEST_CASE("a stack overflow is reported with the process, its name and the size of its stack") {
    for (const bool without_light_guards : {false, true}) {
      CAPTURE(without_light_guards);
      const end seen = end_of_child([&] {
        run(
            [] {
              spawn(
                  [] {
                    register_name("deep", self());
                    fall(0);
                  },
                  {.stack = 128 << 10});
              receive([](int) {});
            },
            {.threads = 2, .without_light_guards = without_light_guards});
      });
      CAPTURE(seen.said);
      CHECK(ended_by_fault(seen));
      CHECK(tells(seen, "stack overflow in process <0."));
      CHECK(tells(seen, "(deep)"));
      CHECK(tells(seen, "131072 bytes"));
    }
  }

  TEST_CASE("main's stack is reported as well") {
    const end seen = end_of_child([] { run([] { fall(0); }); });
    CAPTURE(seen.said);
    CHECK(ended_by_fault(seen));
    CHECK(tells(seen, "its stack of 1048576 bytes"));
  }

  TEST_CASE("any other fault ends the program as it would without us") {
    const end seen = end_of_child([] {
      run([] {
        volatile int* const nowhere = nullptr;
        *nowhere = 1;
      });
    });
    CAPTURE(seen.said);
    CHECK(ended_by_fault(seen));
    CHECK_FALSE(tells(seen, "overflow"));
  }

  TEST_CASE("a handler that was there before gets the signal") {
    for (const bool overflows : {false, true}) {
      CAPTURE(overflows);
      const end seen = end_of_child([overflows] {
        std::signal(SIGSEGV, on_earlier_handler);
        run([overflows] {
          if (overflows) fall(0);
          std::raise(SIGSEGV);
        });
      });
      CHECK(WIFEXITED(seen.status));
      CHECK(WEXITSTATUS(seen.status) == 7);
      CHECK(tells(seen, "the handler before is called"));
      CHECK(tells(seen, "stack overflow") == overflows);
    }
  }

  TEST_CASE("after a runtime the handler is the one that was there before it") {
    const auto handler = [] {
      struct sigaction present {};
      sigaction(SIGSEGV, nullptr, &present);
      return present.sa_handler;
    };
    const auto before = handler();
    bool is_ours = false;
    run([&] { is_ours = handler() != before; });
    CHECK(is_ours);
    const bool is_back = handler() == before;
    CHECK(is_back);
  }
}
