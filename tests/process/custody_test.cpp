#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct ready {};
struct go {};

exit_reason shut_down(pid whom) {
  return detail::end_process(whom, exit_reason::shutdown(), std::nullopt);
}

}  // namespace

TEST_SUITE("custody") {
  TEST_CASE("who ends a linked process learns its reason, and no exit signal of it stays in the queue") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link(echo_loop);
      CHECK(shut_down(child) == exit_reason::shutdown());
      CHECK_FALSE(is_alive(child));
      CHECK_FALSE(has_queued<exit_signal>());
      CHECK_FALSE(has_queued<down>());
    });
  }

  TEST_CASE("the reason is the one with which the process ended, whatever it was told") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link([main = self()] {
        process_flag(trap_exit, true);
        send(main, ready{});
        receive([](exit_signal) {});
        exit("had enough");
      });
      next<ready>();
      CHECK(shut_down(child) == exit_reason{"had enough"});
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("a process that had ended before gives the reason of its exit signal, which goes from the queue") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const spawned child = spawn_monitor([] { exit("early"); }, {.link = true});
      reason_of(child);
      CHECK(shut_down(child.process) == exit_reason{"early"});
      CHECK_FALSE(has_queued<exit_signal>());
      CHECK(shut_down(child.process) == exit_reason::noproc());
    });
  }

  TEST_CASE("a process that had unlinked itself is ended, and its reason known (S89)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link([main = self()] {
        unlink(main);
        send(main, ready{});
        echo_loop();
      });
      next<ready>();
      CHECK(shut_down(child) == exit_reason::shutdown());
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("also one that unlinks itself after it was told to end") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link([main = self()] {
        process_flag(trap_exit, true);
        send(main, ready{});
        receive([](exit_signal) {});
        unlink(main);
        exit("on its own");
      });
      next<ready>();
      CHECK(shut_down(child) == exit_reason{"on its own"});
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("an exit signal that the process sends on its way out is not taken for its end") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link([main = self()] {
        process_flag(trap_exit, true);
        send(main, ready{});
        receive([](exit_signal) {});
        exit(main, "a last word");
        exit("the end");
      });
      next<ready>();
      CHECK(shut_down(child) == exit_reason{"the end"});
      CHECK(next<exit_signal>().reason == exit_reason{"a last word"});
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("one that is neither its parent nor linked can end a process, and so can several at once") {
    on_one_thread_and_on_four([] {
      const spawned victim = spawn_monitor([main = self()] {
        process_flag(trap_exit, true);
        send(main, ready{});
        next<go>();
        exit("at last");
      });
      next<ready>();
      constexpr int enders = 3;
      std::vector<spawned> all;
      for (int i = 0; i < enders; ++i) {
        all.push_back(spawn_monitor([whom = victim.process] { exit(shut_down(whom)); }));
      }
      // Each has sent its exit signal when it waits for what comes of it.
      for (int heard = 0; heard < enders;) {
        const auto found = process_info(victim.process, info::messages);
        heard = found ? static_cast<int>(found->messages.size()) : enders;
      }
      send(victim.process, go{});
      CHECK(reason_of(victim) == exit_reason{"at last"});
      for (const spawned& each : all) CHECK(reason_of(each) == exit_reason{"at last"});
    });
  }

  TEST_CASE("who does not end in time is killed") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid child = spawn_link([main = self()] {
        process_flag(trap_exit, true);
        send(main, ready{});
        for (;;) receive([](exit_signal) {});
      });
      next<ready>();
      CHECK(detail::end_process(child, exit_reason::shutdown(), std::chrono::milliseconds{1}) == exit_reason::killed());
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("the word of an end that came too late for its asker is nobody else's") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      for (int i = 0; i < 100; ++i) {
        const pid first = spawn_link([] {});
        const pid second = spawn_link(echo_loop);
        // The first may end before, while, or after it is told to.
        shut_down(first);
        CHECK(shut_down(second) == exit_reason::shutdown());
      }
      CHECK_FALSE(has_queued<exit_signal>());
      CHECK_FALSE(has_queued<down>());
    });
  }
}
