#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/link.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct go {};
struct numbered {
  int sender;
  int number;
};

// Takes messages and exit signals as they stand in the queue until an empty text has come.
std::vector<std::string> taken_in_order() {
  std::vector<std::string> seen;
  for (bool more = true; more;) {
    receive(
        [&](std::string& text) {
          more = !text.empty();
          if (more) seen.push_back(text);
        },
        [&](exit_signal& signal) { seen.push_back("EXIT " + signal.reason.to_string()); },
        [&](down& ended) { seen.push_back("DOWN " + ended.reason.to_string()); }, after(patience, [&] {
          seen.emplace_back("nothing more");
          more = false;
        }));
  }
  return seen;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_SUITE("signals") {
  TEST_CASE("messages and exit signals of one sender arrive in the order of sending (S1)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      spawn([main = self()] {
        send(main, "1");
        send(main, "2");
        send(main, "3");
        exit(main, "out");
        send(main, "4");
        send(main, "");
      });
      CHECK(taken_in_order() == texts{"1", "2", "3", "EXIT out", "4"});
    });
  }

  TEST_CASE("link and unlink signals keep their places between messages (S1)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const spawned unlinked = spawn_monitor([main = self()] {
        link(main);
        send(main, "linked");
        unlink(main);
        send(main, "unlinked");
        exit("out");
      });
      CHECK(reason_of(unlinked) == exit_reason{"out"});
      send(self(), "");
      CHECK(taken_in_order() == texts{"linked", "unlinked"});

      spawn([main = self()] {
        send(main, "before");
        link(main);
        unlink(main);
        link(main);
        send(main, "linked");
        exit("out");
      });
      const auto third = receive([](exit_signal& signal) { return signal.reason; },
                                 after(patience, [] { return exit_reason{"nothing"}; }));
      CHECK(third == exit_reason{"out"});
      send(self(), "");
      CHECK(taken_in_order() == texts{"before", "linked"});
    });
  }

  TEST_CASE("a monitor does not overtake the message that makes its target end (S1)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 200; ++round) {
        const pid target = spawn([] { receive([](go) { exit("told"); }); });
        const reference first = monitor(target);
        send(target, go{});
        const reference second = monitor(target);
        demonitor(first, {.flush = true});
        // The target met `second` before its end, or after it: never is the answer lost.
        const exit_reason told = reason_of(second);
        CHECK((told == exit_reason{"told"} || told == exit_reason::noproc()));
        CHECK_FALSE(has_queued<down>());
      }
    });
  }

  TEST_CASE("a monitor or a link that comes after the exit signal finds nobody (S1, S28, S35)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      for (const exit_reason& reason : {exit_reason{"out"}, exit_reason::kill()}) {
        for (int round = 0; round < 100; ++round) {
          const pid target = spawn(echo_loop);
          if (round % 2 == 0) answers(target);
          const reference before = monitor(target);
          exit(target, reason);
          const reference after = monitor(target);
          link(target);
          CHECK(reason_of(before) == (reason.is_kill() ? exit_reason::killed() : reason));
          CHECK(reason_of(after) == exit_reason::noproc());
          CHECK(next<exit_signal>().reason == exit_reason::noproc());
        }
      }
    });
  }

  TEST_CASE("who asks for a process that is still ending is told when its end is over (S12, S28, S35)") {
    struct slow {
      ~slow() { sleep(1s); }
    };
    in_virtual_time([] {
      process_flag(trap_exit, true);
      const auto begun = monotonic_time();
      const pid ending = spawn([main = self()] {
        const slow end;
        register_name("port", self());
        send(main, go{});
        echo_loop();
      });
      next<go>();
      exit(ending, "out");
      sleep(100ms);
      link(ending);
      const reference watched = monitor(ending);
      CHECK(next<exit_signal>().reason == exit_reason::noproc());
      CHECK_FALSE(whereis("port"));
      CHECK(reason_of(watched) == exit_reason::noproc());
      CHECK(monotonic_time() - begun == 1s);
    });
  }

  // The message of a pending timer is destroyed late in the end of its receiver: its destructor holds the end up there,
  // when the receiver is living no more and nobody has been told, until another thread has asked.
  TEST_CASE("who asks in the middle of an end is told after those who were linked (S12, S35)") {
    static std::atomic<bool> is_ending;
    static std::atomic<bool> has_asked;
    struct last_breath {
      last_breath() = default;
      last_breath(last_breath&& other) noexcept : mine{std::exchange(other.mine, false)} {}
      last_breath& operator=(last_breath&&) = delete;
      ~last_breath() {
        if (!mine) return;
        is_ending = true;
        while (!has_asked) std::this_thread::yield();
      }
      bool mine = true;
    };
    is_ending = has_asked = false;
    in_runtime({.threads = 2}, [] {
      process_flag(trap_exit, true);
      const pid ending = spawn_link([] {
        send_after(1h, self(), last_breath{});
        exit("out");
      });
      while (!is_ending) std::this_thread::yield();
      CHECK_FALSE(is_alive(ending));
      const reference watched = monitor(ending);
      has_asked = true;
      CHECK(receive([](const exit_signal& ended) { return ended.reason; },
                    [](const down& ended) { return ended.reason; },
                    after(patience, [] { return exit_reason{"nothing"}; })) == exit_reason{"out"});
      CHECK(reason_of(watched) == exit_reason::noproc());
    });
  }

  TEST_CASE("the messages of each of many senders stay in its order (S1, S2)") {
    on_one_thread_and_on_four([] {
      constexpr int senders = 8;
      constexpr int messages = 2000;
      for (int s = 0; s < senders; ++s) {
        spawn([s, main = self()] {
          for (int n = 0; n < messages; ++n) send(main, numbered{s, n});
        });
      }
      std::vector<int> expected(senders, 0);
      bool in_order = true;
      for (int i = 0; i < senders * messages; ++i) {
        const auto got = next<numbered>();
        in_order = in_order && got.number == expected[static_cast<std::size_t>(got.sender)]++;
      }
      CHECK(in_order);
      CHECK_FALSE(has_queued<numbered>());
    });
  }

  TEST_CASE("a message is appended at the end of the queue (S2)") {
    on_one_thread_and_on_four([] {
      send(self(), "first");
      spawn([main = self()] {
        send(main, "second");
        spawn([main] {
          send(main, "third");
          send(main, "");
        });
      });
      CHECK(taken_in_order() == texts{"first", "second", "third"});
    });
  }

  TEST_CASE("sending to a dead process does nothing and gives the message back (S3)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      std::string text{"lost"};
      std::string& returned = send(dead, text);
      CHECK(&returned == &text);
      CHECK(text == "lost");

      const auto shared = std::make_shared<int>(1);
      send(dead, shared);
      CHECK(shared.use_count() == 1);
      send(pid{}, shared);
      CHECK(shared.use_count() == 1);
    });
  }

  TEST_CASE("send returns an lvalue by reference, and nothing for what it has moved away") {
    static_assert(std::is_same_v<decltype(send(pid{}, std::declval<std::string&>())), std::string&>);
    static_assert(std::is_same_v<decltype(send(pid{}, std::declval<const std::string&>())), const std::string&>);
    static_assert(std::is_void_v<decltype(send(pid{}, std::string{}))>);
    in_runtime({.threads = 1}, [] {
      const int number = 7;
      const int& returned = send(self(), number);
      CHECK(&returned == &number);
      CHECK(next<int>() == 7);
    });
  }

  TEST_CASE("sending to a name that nobody has throws badarg, and says which (S4)") {
    on_one_thread_and_on_four([] {
      CHECK(fails_with("badarg", [] { send("nobody", 1); }));
      try {
        send("nobody", 1);
      } catch (const error& caught) {
        CHECK(std::string{caught.what()}.find("\"nobody\"") != std::string::npos);
      }
      register_name("somebody", self());
      send("somebody", 5);
      CHECK(next<int>() == 5);
    });
  }

  TEST_CASE("an exit signal acts when it is received, not when the queue has got that far (S5)") {
    // On one thread the victim has both when it runs next.
    in_runtime({.threads = 1}, [] {
      bool handled = false;
      const spawned victim = spawn_monitor([&handled] { receive([&handled](go) { handled = true; }); });
      send(victim.process, go{});
      exit(victim.process, "out");
      CHECK(reason_of(victim) == exit_reason{"out"});
      CHECK_FALSE(handled);
    });
  }

  TEST_CASE("for a process that traps, the exit signal queues behind earlier messages (S5)") {
    on_one_thread_and_on_four([] {
      const pid trapping = spawn([main = self()] {
        process_flag(trap_exit, true);
        send(main, go{});
        next<go>();
        for (const auto& each : taken_in_order()) send(main, each);
      });
      next<go>();
      send(trapping, "1");
      exit(trapping, "out");
      send(trapping, "2");
      send(trapping, "");
      send(trapping, go{});
      CHECK(next<std::string>() == "1");
      CHECK(next<std::string>() == "EXIT out");
      CHECK(next<std::string>() == "2");
    });
  }

  TEST_CASE("a process is not alive any more for whoever has sent it a kill (S6)") {
    on_one_thread_and_on_four([] {
      int alive = 0;
      for (int round = 0; round < 200; ++round) {
        const pid victim = spawn(echo_loop);
        if (round % 2 == 0) answers(victim);
        exit(victim, exit_reason::kill());
        if (is_alive(victim)) ++alive;
      }
      CHECK(alive == 0);
      CHECK_FALSE(is_alive(pid{}));
      CHECK(is_alive(self()));
    });
  }

  TEST_CASE("whether an exit signal becomes a message is decided when it is received (S24)") {
    in_runtime({.threads = 1}, [] {
      CHECK_FALSE(process_flag(trap_exit, true));
      exit(self(), "out");
      CHECK(process_flag(trap_exit, false));
      // It was a message already.
      CHECK(next<exit_signal>().reason == exit_reason{"out"});

      // What has arrived before the flag is set is judged by the old value.
      const spawned late = spawn_monitor([] {
        process_flag(trap_exit, true);
        echo_loop();
      });
      exit(late.process, "out");
      CHECK(reason_of(late) == exit_reason{"out"});
    });
  }

  TEST_CASE("a signal that came before the flag was changed is judged by the old value (S24)") {
    // It comes from a thread that is no process, while its receiver runs and looks at nothing.
    const auto signalled = [] { std::thread{[to = self()] { exit(to, "out"); }}.join(); };
    on_one_thread_and_on_four([signalled] {
      CHECK(reason_of_end([signalled] {
              signalled();
              process_flag(trap_exit, true);
              next<exit_signal>();
            }) == exit_reason{"out"});
      CHECK(reason_of_end([signalled] {
              process_flag(trap_exit, true);
              signalled();
              process_flag(trap_exit, false);
              next<exit_signal>();
              exit("lived");
            }) == exit_reason{"lived"});
    });
  }
}
