#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/link.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct go {};
struct ready {};

// A process that traps exits, does so by the time this returns, and sends each exit signal on to the caller.
pid start_trapping() {
  const pid started = spawn([main = self()] {
    process_flag(trap_exit, true);
    send(main, ready{});
    for (;;) {
      receive([main](exit_signal& got) { send(main, got); }, [](ping asked) { send(asked.from, pong{self()}); });
    }
  });
  next<ready>();
  return started;
}

exit_reason shutdown_because(std::string_view why) {
  return exit_reason::tuple({exit_reason::shutdown(), exit_reason{why}});
}

}  // namespace

TEST_SUITE("exit") {
  TEST_CASE("a function that returns ends with normal, one that calls exit with that reason (S13)") {
    on_one_thread_and_on_four([] {
      CHECK(reason_of_end([] {}) == exit_reason::normal());
      CHECK(reason_of_end([] { exit(); }) == exit_reason::normal());
      CHECK(reason_of_end([] { exit("out"); }) == exit_reason{"out"});
      CHECK(reason_of_end([] { exit(exit_reason::shutdown()); }) == exit_reason::shutdown());
      CHECK(reason_of_end([] { exit("{shutdown,because}"); }) == shutdown_because("because"));
    });
  }

  TEST_CASE("an error ends a process with its name, and says where it was thrown (S13)") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] { throw error{"badarith", "divided by zero"}; });
      CHECK(reason.to_string() == "badarith");
      CHECK(reason.thrown() != nullptr);
      // An atom of that name is not the same: nothing crashed with it.
      CHECK(reason != exit_reason{"badarith"});
      CHECK_FALSE(reason.is_normal_end());
    });
  }

  TEST_CASE("exit can be caught in the process that calls it (S14)") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] {
        try {
          exit("caught");
        } catch (const exit_exception& caught) {
          if (caught.reason != exit_reason{"caught"}) exit("something else");
        }
        exit("later");
      });
      CHECK(reason == exit_reason{"later"});
    });
  }

  TEST_CASE("exit is no std::exception, and neither is an exit signal (S14)") {
    on_one_thread_and_on_four([] {
      CHECK(reason_of_end([] {
              try {
                exit("out");
              } catch (const std::exception&) {
                exit("caught");
              }
            }) == exit_reason{"out"});
      const spawned waiting = spawn_monitor([] {
        try {
          next<go>();
        } catch (const std::exception&) {
          exit("caught");
        } catch (const exit_exception&) {
          exit("caught");
        }
      });
      exit(waiting.process, "out");
      CHECK(reason_of(waiting) == exit_reason{"out"});
    });
  }

  TEST_CASE("an exit signal unwinds the stack, destructors and all") {
    struct tells {
      pid to;
      ~tells() { send(to, std::string{"destroyed"}); }
    };
    on_one_thread_and_on_four([] {
      const spawned waiting = spawn_monitor([main = self()] {
        const tells outer{main};
        send(main, ready{});
        next<go>();
      });
      next<ready>();
      exit(waiting.process, "out");
      CHECK(reason_of(waiting) == exit_reason{"out"});
      // It was sent before the DOWN.
      CHECK(has_queued<std::string>());
    });
  }

  TEST_CASE("normal from somebody else is dropped by a process that does not trap exits (S15)") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      exit(echo, exit_reason::normal());
      CHECK(answers(echo));
    });
  }

  TEST_CASE("normal from somebody else is a message for a process that traps exits (S16)") {
    on_one_thread_and_on_four([] {
      const pid trapping = start_trapping();
      exit(trapping, exit_reason::normal());
      const auto got = next<exit_signal>();
      CHECK(got.sender == self());
      CHECK(got.reason == exit_reason::normal());
      CHECK(answers(trapping));
    });
  }

  TEST_CASE("normal to oneself ends a process that does not trap exits (S17)") {
    on_one_thread_and_on_four([] {
      const spawned dying = spawn_monitor([main = self()] {
        exit(self(), exit_reason::normal());
        send(main, std::string{"still here"});
      });
      CHECK(reason_of(dying) == exit_reason::normal());
      CHECK_FALSE(has_queued<std::string>());
    });
  }

  TEST_CASE("normal to oneself is a message when one traps exits (S17)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      exit(self(), exit_reason::normal());
      const auto got = next<exit_signal>();
      CHECK(got.sender == self());
      CHECK(got.reason == exit_reason::normal());
    });
  }

  TEST_CASE("any other reason ends a process that does not trap exits, with exactly that reason (S18)") {
    on_one_thread_and_on_four([] {
      for (const exit_reason& reason : {exit_reason{"out"}, exit_reason::shutdown(), shutdown_because("why"),
                                        exit_reason::killed(), exit_reason::noproc()}) {
        const spawned victim = spawn_monitor(echo_loop);
        exit(victim.process, reason);
        CHECK(reason_of(victim) == reason);
      }
    });
  }

  TEST_CASE("the message of a trapped signal names the caller of exit (S19)") {
    on_one_thread_and_on_four([] {
      const pid trapping = start_trapping();
      const pid caller = spawn([trapping] { exit(trapping, "out"); });
      const auto got = next<exit_signal>();
      CHECK(got.sender == caller);
      CHECK(got.reason == exit_reason{"out"});
    });
  }

  TEST_CASE("kill cannot be trapped, and the reason of that end is killed (S20)") {
    on_one_thread_and_on_four([] {
      const pid trapping = start_trapping();
      const reference watched = monitor(trapping);
      exit(trapping, exit_reason::kill());
      CHECK(reason_of(watched) == exit_reason::killed());
      CHECK_FALSE(has_queued<exit_signal>());
    });
  }

  TEST_CASE("a process that itself exits with kill ends with kill, which its links can trap (S21)") {
    on_one_thread_and_on_four([] {
      CHECK(reason_of_end([] { exit(exit_reason::kill()); }) == exit_reason::kill());

      process_flag(trap_exit, true);
      const pid linked = spawn_link([] { exit(exit_reason::kill()); });
      const auto got = next<exit_signal>();
      CHECK(got.sender == linked);
      CHECK(got.reason == exit_reason::kill());

      // Not renamed on its way through those that do not trap.
      CHECK(reason_of_end([] {
              spawn_link([] { exit(exit_reason::kill()); });
              echo_loop();
            }) == exit_reason::kill());
    });
  }

  TEST_CASE("killed goes on from link to link as an ordinary reason (S22)") {
    on_one_thread_and_on_four([] {
      // main - outer - middle - inner; inner is killed.
      process_flag(trap_exit, true);
      const pid outer = spawn_link([main = self()] {
        spawn_link([main] {
          const pid inner = spawn_link(echo_loop);
          send(main, inner);
          echo_loop();
        });
        echo_loop();
      });
      exit(next<pid>(), exit_reason::kill());
      const auto got = next<exit_signal>();
      CHECK(got.sender == outer);
      CHECK(got.reason == exit_reason::killed());
    });
  }

  TEST_CASE("an exit signal to a process that is gone does nothing (S23)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      exit(dead, "out");
      exit(dead, exit_reason::kill());
      exit(pid{}, "out");
      CHECK_FALSE(is_alive(dead));
      CHECK(answers(spawn(echo_loop)));
    });
  }

  TEST_CASE("the first signal that ends a process gives the reason") {
    in_runtime({.threads = 1}, [] {
      const spawned victim = spawn_monitor(echo_loop);
      exit(victim.process, "first");
      exit(victim.process, exit_reason::kill());
      CHECK(reason_of(victim) == exit_reason{"first"});
    });
  }

  TEST_CASE("an exit signal may come from outside any process") {
    const captured_log log;
    runtime outside{{.threads = 2}};
    outside.start();
    const pid victim = spawn([] {
      process_flag(trap_exit, true);
      const auto got = next<exit_signal>();
      exit(got.sender ? "from somebody" : "from nobody");
    });
    exit(victim, "out");
    {
      const thread_process me;
      const exit_reason reason = reason_of(monitor(victim));
      CHECK((reason == exit_reason{"from nobody"} || reason == exit_reason{"out"} || reason == exit_reason::noproc()));
    }
  }
}

TEST_SUITE("exit_reason") {
  TEST_CASE("a reason prints in Erlang's notation, and is read back from it") {
    for (const char* const text : {"normal", "shutdown", "killed", "out", "{shutdown,because}", "{a,{b,c},d}", "{}"}) {
      CHECK(exit_reason::parse(text).to_string() == text);
    }
    CHECK(exit_reason::parse("{shutdown,because}") == shutdown_because("because"));
    CHECK(exit_reason{"normal"} == exit_reason::normal());
    CHECK(exit_reason{"normal"}.is_normal());
    CHECK(exit_reason{"kill"}.is_kill());
  }

  TEST_CASE("text that is no such notation is one atom") {
    for (const char* const text : {"{a", "a}", "{a,}", "{,}", "}", "a,b", ""}) {
      CHECK(exit_reason::parse(text).to_string() == text);
      CHECK(exit_reason::parse(text).elements().empty());
    }
    const std::string deep(10'000, '{');
    CHECK(exit_reason::parse(deep).to_string() == deep);
  }

  TEST_CASE("normal, shutdown and {shutdown,_} are normal ends, and nothing else is") {
    CHECK(exit_reason::normal().is_normal_end());
    CHECK(exit_reason::shutdown().is_normal_end());
    CHECK(shutdown_because("why").is_normal_end());
    for (const char* const text : {"out", "killed", "{shutdown}", "{shutdown,a,b}", "{a,shutdown}", "noproc"}) {
      CHECK_FALSE(exit_reason::parse(text).is_normal_end());
    }
  }

  TEST_CASE("a reason keeps its value when it is copied, moved and assigned") {
    exit_reason a = shutdown_because("a");
    exit_reason b = a;
    CHECK(a == b);
    exit_reason c = std::move(a);
    CHECK(c == b);
    c = exit_reason{"c"};
    CHECK(c != b);
    b = b;  // NOLINT(clang-diagnostic-self-assign-overloaded)
    CHECK(b == shutdown_because("a"));
  }
}
