#include <algorithm>
#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

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

// Threads of this program. One that has been joined may be listed a moment longer.
std::ptrdiff_t thread_count() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/task"}, std::filesystem::directory_iterator{});
}

bool thread_count_returns_to(std::ptrdiff_t before) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (thread_count() != before) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

template <class Call>
std::string logic_error_of(Call call) {
  try {
    call();
  } catch (const std::logic_error& caught) {
    return caught.what();
  }
  return "nothing was thrown";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("run returns what main returns") {
    CHECK(run([] { return 7; }) == 7);
    CHECK(run([] {}) == 0);
    CHECK(run([] { exit(exit_reason::normal()); }) == 0);
    CHECK(run([] { exit(exit_reason::shutdown()); }) == 0);
  }

  TEST_CASE("run returns 1 when main crashes, and says why") {
    for (const unsigned threads : {1U, 4U}) {
      const captured_log log;
      CHECK(run([] { throw std::runtime_error{"no configuration"}; }, {.threads = threads}) == 1);
      CHECK(log.tells("main ended with std::runtime_error: no configuration"));
    }
    const captured_log log;
    CHECK(run([] { exit("out"); }) == 1);
    CHECK(run([] { exit(self(), exit_reason::kill()); }) == 1);
    CHECK(run([]() -> int { throw 1; }) == 1);
  }

  TEST_CASE("a runtime starts and ends many times in a program") {
    for (int i = 0; i < 20; ++i) {
      on_one_thread_and_on_four([] { CHECK(answers(spawn(echo_loop))); });
    }
  }

  // The threads may come to life only when it is over already.
  TEST_CASE("a runtime may end at once") {
    for (int i = 0; i < 100; ++i) {
      CHECK(run([] {}, {.threads = 8}) == 0);
      runtime brief{{.threads = 4}};
      brief.start();
      brief.stop();
      brief.start();
    }
  }

  TEST_CASE("a second runtime at the same time throws") {
    runtime first{{.threads = 1}};
    first.start();
    CHECK(runtime::current() == &first);
    runtime second{{.threads = 1}};
    CHECK(contains(logic_error_of([&second] { second.start(); }), "one at a time"));
    CHECK_THROWS_AS(run([] {}), std::logic_error);
    CHECK(runtime::current() == &first);
    first.stop();
    CHECK(runtime::current() == nullptr);
    second.start();
    CHECK(runtime::current() == &second);
  }

  TEST_CASE("a runtime inside a runtime throws") {
    in_runtime({.threads = 1}, [] { CHECK_THROWS_AS(run([] {}), std::logic_error); });
  }

  TEST_CASE("options that contradict each other are refused, and the text says what to do") {
    const auto refusal_of = [](const runtime_options& options) -> std::string {
      try {
        const runtime refused{options};
      } catch (const std::invalid_argument& caught) {
        return caught.what();
      }
      return "accepted";
    };
    CHECK(contains(refusal_of({.threads = 2, .virtual_time = true}), "one scheduler thread, not 2"));
    CHECK(contains(refusal_of({.threads = 3, .seed = 1}), "one scheduler thread, not 3"));
    CHECK(refusal_of({.threads = 1, .virtual_time = true, .seed = 1}) == "accepted");
    CHECK(refusal_of({.virtual_time = true}) == "accepted");
  }

  TEST_CASE("it has as many threads as were asked for, or as there are processors") {
    CHECK(runtime{{.threads = 3}}.threads() == 3);
    CHECK(runtime{{.virtual_time = true}}.threads() == 1);
    CHECK(runtime{{.seed = 1}}.threads() == 1);
    CHECK(runtime{}.threads() == std::max(1U, std::thread::hardware_concurrency()));
  }

  TEST_CASE("outside a runtime, what speaks of the calling process throws and says what to do") {
    const std::string hint = "coppice::run";
    CHECK(contains(logic_error_of([] { self(); }), hint));
    CHECK(contains(logic_error_of([] { receive([](int) {}); }), hint));
    CHECK(contains(logic_error_of([] { sleep(1ms); }), hint));
    CHECK(contains(logic_error_of([] { link(pid{}); }), hint));
    CHECK(contains(logic_error_of([] { unlink(pid{}); }), hint));
    CHECK(contains(logic_error_of([] { monitor(pid{}); }), hint));
    CHECK(contains(logic_error_of([] { monitor("name"); }), hint));
    CHECK(contains(logic_error_of([] { demonitor(reference{}); }), hint));
    CHECK(contains(logic_error_of([] { process_flag(trap_exit, true); }), hint));
    CHECK(contains(logic_error_of([] { ancestors(); }), hint));
    CHECK(contains(logic_error_of([] { process_dictionary(); }), hint));
    CHECK(contains(logic_error_of([] { blocking([] {}); }), hint));
    CHECK(contains(logic_error_of([] { spawn([] {}); }), hint));
    CHECK(contains(logic_error_of([] { spawn_link([] {}); }), hint));
    CHECK(contains(logic_error_of([] { spawn_monitor([] {}); }), hint));
    CHECK(contains(logic_error_of([] { send_after(1ms, "name", 1); }), hint));
    CHECK(contains(logic_error_of([] { cancel_timer({}); }), hint));
    CHECK(contains(logic_error_of([] { read_timer({}); }), hint));
    CHECK(contains(logic_error_of([] { monotonic_time(); }), hint));
    CHECK(contains(logic_error_of([] { const thread_process me; }), hint));
  }

  TEST_CASE("outside a runtime there are no processes and no names") {
    CHECK(processes().empty());
    CHECK(registered().empty());
    CHECK_FALSE(whereis("main"));
    CHECK_FALSE(is_alive(pid::from_value(1U << 24U)));
    CHECK(fails_with("badarg", [] { send("main", 1); }));
    CHECK(fails_with("badarg", [] { register_name("main", pid{}); }));
  }

  TEST_CASE("nothing is left when it has ended: no thread, no process, no name, no timer") {
    const auto before = thread_count();
    for (const unsigned threads : {1U, 4U}) {
      auto in_timer = std::make_shared<int>(1);
      auto in_queue = std::make_shared<int>(1);
      auto in_process = std::make_shared<int>(1);
      in_runtime({.threads = threads}, [&] {
        CHECK(thread_count() == before + static_cast<std::ptrdiff_t>(threads));
        register_name("main", self());
        send_after(1h, self(), in_timer);
        send_after(1h, "main", in_timer);
        send(self(), in_queue);
        for (int i = 0; i < 100; ++i) {
          const pid kept = spawn([in_process] { echo_loop(); });
          send_after(1h, kept, in_timer);
          if (i % 2 == 0) answers(kept);
        }
        blocking([] {});
      });
      CHECK(thread_count_returns_to(before));
      CHECK(processes().empty());
      CHECK(registered().empty());
      CHECK(in_timer.use_count() == 1);
      CHECK(in_queue.use_count() == 1);
      CHECK(in_process.use_count() == 1);
    }
  }

  TEST_CASE("processes that are spawned while it ends are ended too") {
    for (const unsigned threads : {1U, 4U}) {
      const captured_log log;
      // Each starts another in its destructor, a hundred times.
      static std::atomic<int> started;
      started = 0;
      struct starts_another {
        ~starts_another() {
          if (++started < 100) {
            spawn([] {
              const starts_another last;
              echo_loop();
            });
          }
        }
      };
      run(
          [] {
            const pid first = spawn([] {
              const starts_another last;
              echo_loop();
            });
            answers(first);
          },
          {.threads = threads});
      CHECK(processes().empty());
    }
  }

  TEST_CASE("who is linked to main and traps exits has time to end in order") {
    const captured_log log;
    for (const unsigned threads : {1U, 4U}) {
      bool ended_in_order = false;
      run(
          [&ended_in_order] {
            spawn_link([&ended_in_order, main = self()] {
              process_flag(trap_exit, true);
              send(main, ready{});
              if (next<exit_signal>().sender == main) {
                sleep(1ms);
                ended_in_order = true;
              }
            });
            next<ready>();
          },
          {.threads = threads});
      CHECK(ended_in_order);
    }
  }

  TEST_CASE("but no more than the grace") {
    // In virtual time, so that the grace passes at once.
    const captured_log log;
    bool unwound = false;
    struct tells {
      bool* flag;
      ~tells() { *flag = true; }
    };
    run(
        [&unwound] {
          spawn_link([&unwound, main = self()] {
            const tells last{&unwound};
            process_flag(trap_exit, true);
            send(main, ready{});
            for (;;) receive([](exit_signal&) {});
          });
          next<ready>();
        },
        {.virtual_time = true, .stop_grace = 3s});
    CHECK(unwound);
  }

  TEST_CASE("stop ends the processes of a runtime that was only started") {
    const captured_log log;
    const auto before = thread_count();
    const auto held = std::make_shared<int>(1);
    runtime started{{.threads = 2}};
    started.start();
    for (int i = 0; i < 10; ++i) spawn([held] { echo_loop(); });
    started.stop();
    CHECK(held.use_count() == 1);
    CHECK(processes().empty());
    CHECK(thread_count_returns_to(before));
    started.stop();
  }

  TEST_CASE("it works without light guards for the stacks") {
    in_runtime({.threads = 2, .without_light_guards = true}, [] {
      for (int i = 0; i < 100; ++i) CHECK(answers(spawn(echo_loop)));
    });
  }

  // A hundred processes wait, and a timer of 200 ms wakes main: what the program computes meanwhile is next to nothing.
  TEST_CASE("an idle runtime uses no processor, however many processes wait") {
    const auto processor_time = [] {
      timespec used{};
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
      return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
    };
    on_one_thread_and_on_four([processor_time] {
      std::vector<pid> all;
      for (int i = 0; i < 100; ++i) all.push_back(spawn(echo_loop));
      for (const pid each : all) answers(each);
      send_after(200ms, self(), go{});
      const auto before = processor_time();
      receive([](go) {});
      CHECK(processor_time() - before < 50ms);
    });
  }
}
