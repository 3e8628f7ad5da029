#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct ready {};
struct go {};

using pids = std::vector<pid>;

pids links_of(pid process) {
  const auto found = process_info(process, info::links);
  return found ? found->links : pids{};
}

}  // namespace

TEST_SUITE("link") {
  TEST_CASE("a link binds both sides, and a pair has at most one (S25)") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      link(echo);
      link(echo);
      CHECK(links_of(self()) == pids{echo});
      CHECK(links_of(echo) == pids{self()});
      unlink(echo);
      CHECK(links_of(self()).empty());
      CHECK(links_of(echo).empty());
      exit(echo, "out");
      await_end_of(echo);
    });
  }

  TEST_CASE("two links of a pair give one exit signal (S25)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const spawned linked = spawn_monitor(
          [main = self()] {
            link(main);
            next<go>();
          },
          {.link = true});
      link(linked.process);
      send(linked.process, go{});
      reason_of(linked);
      CHECK(has_queued<exit_signal>());
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("either side may take the link away (S26)") {
    on_one_thread_and_on_four([] {
      const pid other = spawn([main = self()] {
        next<go>();
        unlink(main);
        send(main, ready{});
        echo_loop();
      });
      link(other);
      send(other, go{});
      next<ready>();
      CHECK(links_of(self()).empty());
      CHECK(links_of(other).empty());
      exit(other, "out");
      await_end_of(other);
    });
  }

  TEST_CASE("unlink of a process that is not linked, dead or oneself does nothing (S26)") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      unlink(echo);
      unlink(dead_process());
      unlink(self());
      unlink(pid{});
      CHECK(answers(echo));
    });
  }

  TEST_CASE("a link to oneself is none (S26)") {
    on_one_thread_and_on_four([] {
      link(self());
      CHECK(links_of(self()).empty());
    });
  }

  TEST_CASE("a child of spawn_link cannot end before the link is there (S27)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      for (int round = 0; round < 500; ++round) {
        const pid child = spawn_link([] { exit("at once"); });
        const auto got = next<exit_signal>();
        CHECK(got.sender == child);
        CHECK(got.reason == exit_reason{"at once"});
      }
    });
  }

  TEST_CASE("a link to a dead process throws noproc (S28)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      CHECK(fails_with("noproc", [dead] { link(dead); }));
      CHECK(fails_with("noproc", [] { link(pid{}); }));
      CHECK(links_of(self()).empty());
      // What is not caught is the reason.
      CHECK(reason_of_end([dead] { link(dead); }).to_string() == "noproc");
    });
  }

  TEST_CASE("a link to a dead process is the message noproc for who traps exits (S28)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid dead = dead_process();
      link(dead);
      const auto got = next<exit_signal>();
      CHECK(got.sender == dead);
      CHECK(got.reason == exit_reason::noproc());
      CHECK(links_of(self()).empty());
    });
  }

  TEST_CASE("a link to a process that is ending gives its reason or noproc, and always one of them (S28)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      for (int round = 0; round < 500; ++round) {
        const pid ending = spawn([] { exit("out"); });
        link(ending);
        const auto got = next<exit_signal>();
        CHECK(got.sender == ending);
        CHECK((got.reason == exit_reason{"out"} || got.reason == exit_reason::noproc()));
        CHECK_FALSE(has_queued<exit_signal>());
      }
      CHECK(links_of(self()).empty());
    });
  }

  TEST_CASE("a linked process that ends with normal leaves the other alive (S29)") {
    on_one_thread_and_on_four([] {
      const spawned survivor = spawn_monitor([main = self()] {
        await_end_of(spawn_link([] {}));
        send(main, ready{});
        echo_loop();
      });
      next<ready>();
      CHECK(answers(survivor.process));
      CHECK(links_of(survivor.process).empty());
    });
  }

  TEST_CASE("a linked process that ends with normal is a message for who traps exits (S29)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const pid linked = spawn_link([] {});
      const auto got = next<exit_signal>();
      CHECK(got.sender == linked);
      CHECK(got.reason == exit_reason::normal());
    });
  }

  TEST_CASE("any other reason goes from link to link and ends all that do not trap (S30)") {
    on_one_thread_and_on_four([] {
      for (const char* const reason : {"out", "shutdown", "{shutdown,because}", "timeout"}) {
        const spawned first = spawn_monitor([reason] {
          spawn_link([reason] {
            spawn_link([reason] { exit(reason); });
            echo_loop();
          });
          echo_loop();
        });
        CHECK(reason_of(first) == exit_reason::parse(reason));
      }
    });
  }

  TEST_CASE("an exception goes from link to link as the same reason (S30)") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] {
        spawn_link([] { throw std::runtime_error{"no route to host"}; });
        echo_loop();
      });
      CHECK(reason.to_string() == "std::runtime_error: no route to host");
    });
  }

  TEST_CASE("after unlink no exit signal arrives, and one that is queued can be taken out (S31)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      for (int round = 0; round < 500; ++round) {
        const spawned ending = spawn_monitor([] { exit("out"); }, {.link = true});
        unlink(ending.process);
        receive(when([&ending](const exit_signal& got) { return got.sender == ending.process; }, [](exit_signal&) {}),
                after(std::chrono::seconds{0}, [] {}));
        CHECK(reason_of(ending) == exit_reason{"out"});
        CHECK_FALSE(has_queued<exit_signal>());
      }
    });
  }

  TEST_CASE("the exit signal of a link that was taken away ends nobody (S31)") {
    on_one_thread_and_on_four([] {
      int survived = 0;
      constexpr int rounds = 200;
      for (int round = 0; round < rounds; ++round) {
        const spawned child = spawn_monitor(
            [] {
              next<go>();
              exit("out");
            },
            {.link = true});
        // It ends while the unlink is on its way, and main does not trap.
        unlink(child.process);
        send(child.process, go{});
        if (reason_of(child) == exit_reason{"out"}) ++survived;
      }
      CHECK(survived == rounds);
    });
  }

  // The exit signal is put on its way by hand, as the process would have sent it that ended before it met the unlink.
  TEST_CASE("an exit signal that crosses an unlink is dropped (S31)") {
    in_runtime({.threads = 1}, [] {
      const auto cross = [](pid linked) {
        detail::post(detail::make_envelope<detail::ending>(self(), detail::envelope_kind::exit_linked, linked,
                                                           reference{}, detail::ending{exit_reason{"out"}, nullptr}));
      };
      const pid ended = spawn_link(echo_loop);
      unlink(ended);
      // Would end main, which does not trap yet.
      cross(ended);
      CHECK(links_of(self()).empty());

      process_flag(trap_exit, true);
      const pid another = spawn_link(echo_loop);
      unlink(another);
      cross(another);
      CHECK_FALSE(has_queued<exit_signal>());

      // Without the unlink it counts.
      cross(spawn_link(echo_loop));
      CHECK(has_queued<exit_signal>());
    });
  }

  // The other side has taken the link away and made it again before it met our unlink, which will undo that there.
  TEST_CASE("a link request that crosses an unlink is undone by it") {
    in_runtime({.threads = 1}, [] {
      const pid other = spawn_link(echo_loop);
      unlink(other);
      detail::post(
          detail::make_envelope<detail::nothing>(self(), detail::envelope_kind::unlink, other, reference::make()));
      detail::post(detail::make_envelope<detail::nothing>(self(), detail::envelope_kind::link, other, reference{}));
      CHECK(links_of(self()).empty());
      // And after the unlink has been acknowledged.
      CHECK(links_of(other).empty());
      CHECK(links_of(self()).empty());
      link(other);
      CHECK(links_of(self()) == pids{other});
      CHECK(links_of(other) == pids{self()});
      unlink(other);
    });
  }

  // Both sides take the link away and make it again, at the same time, so that each request crosses requests of the
  // other side. Afterwards both must be of one mind.
  TEST_CASE("links that both sides make and unmake at once end up the same on both sides") {
    on_one_thread_and_on_four([] {
      constexpr int rounds = 50;
      constexpr int turns = 100;
      for (int round = 0; round < rounds; ++round) {
        const auto busy = [main = self()](unsigned seed) {
          process_flag(trap_exit, true);
          const pid other = next<pid>();
          for (int turn = 0; turn < turns; ++turn) {
            seed = seed * 1664525U + 1013904223U;
            if ((seed >> 16U & 1U) != 0) {
              link(other);
            } else {
              unlink(other);
            }
            if ((seed >> 17U & 3U) == 0) answers(main);
          }
          send(main, ready{});
          next<go>();
        };
        const auto seed = static_cast<unsigned>(round);
        const spawned left = spawn_monitor([busy, seed] { busy(seed); });
        const spawned right = spawn_monitor([busy, seed] { busy(seed + 1000); });
        send(left.process, right.process);
        send(right.process, left.process);
        for (int readies = 0; readies < 2;) {
          receive([&readies](ready) { ++readies; }, [](ping asked) { send(asked.from, pong{self()}); });
        }
        // Whatever was on its way has arrived once each has answered, and has answered the other's answers.
        for (int i = 0; i < 3; ++i) {
          links_of(left.process);
          links_of(right.process);
        }
        const pids of_left = links_of(left.process);
        const pids of_right = links_of(right.process);
        CHECK(of_left == (of_right.empty() ? pids{} : pids{right.process}));
        CHECK(of_right == (of_left.empty() ? pids{} : pids{left.process}));
        send(left.process, go{});
        send(right.process, go{});
        reason_of(left);
        reason_of(right);
      }
    });
  }
}
