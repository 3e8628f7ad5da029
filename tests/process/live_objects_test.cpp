// How many objects of each kind a runtime holds.

#include <array>
#include <memory>
#include <string>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "process/process_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

struct question {
  using reply = int;
};
struct answer_now {};

/// Answers when it is told to.
class oracle : public server<oracle, question, answer_now> {
 public:
  void handle(question /*asked*/, const from<int>& whom) { waiting_.push_back(whom); }
  void handle(answer_now /*told*/) {
    for (const auto& each : waiting_) reply(each, 42);
    waiting_.clear();
  }

 private:
  std::vector<from<int>> waiting_;
};

void wait_for_ever() {
  receive([](answer_now) {});
}

/// What has come and gone since `before`.
std::string change(const live_objects& before) {
  const live_objects now = count_live_objects();
  std::string text;
  const auto tell = [&text](const char* kind, std::size_t then, std::size_t present) {
    if (then == present) return;
    text += (text.empty() ? "" : ", ") + std::string{kind} + (present > then ? " +" : " -") +
            std::to_string(present > then ? present - then : then - present);
  };
  tell("processes", before.processes, now.processes);
  tell("envelopes", before.envelopes, now.envelopes);
  tell("timers", before.timers, now.timers);
  tell("links", before.links, now.links);
  tell("monitors", before.monitors, now.monitors);
  tell("watchers", before.watchers, now.watchers);
  tell("stacks", before.stacks, now.stacks);
  tell("names", before.names, now.names);
  return text;
}

void end(pid process) {
  exit(process, exit_reason::kill());
  await_end_of(process);
}

}  // namespace

TEST_SUITE("live_objects") {
  TEST_CASE("a process that waits in a function holds a stack, a server at rest holds none") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      const pid function = spawn(wait_for_ever);
      CHECK(change(before) == "processes +1");  // it has not had its first turn
      await_idle();
      CHECK(change(before) == "processes +1, stacks +1");
      const pid served = start<oracle>().process();
      CHECK(change(before) == "processes +2, stacks +1");
      end(function);
      end(served);
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("messages count from the send to the end of the handler, of whatever size") {
    struct large {
      std::array<char, 1000> bytes{};
    };
    struct alignas(64) aligned {
      int value = 0;
    };
    struct middling {
      std::array<char, 100> bytes{};
    };
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      send(self(), 1);
      CHECK(change(before) == "envelopes +1");
      send(self(), large{});
      send(self(), aligned{});
      send(self(), middling{});
      CHECK(change(before) == "envelopes +4");
      CHECK_FALSE(has_queued<answer_now>());
      CHECK(change(before) == "envelopes +4");
      next<int>();
      next<aligned>();
      receive([&before](large) { CHECK(change(before) == "envelopes +2"); });
      next<middling>();
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("timers count while they are pending; a small message gets its envelope when its timer is due") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      const timer_reference first = send_after(1h, self(), 1);
      send_after(2h, self(), 2);
      CHECK(change(before) == "timers +2");
      cancel_timer(first);
      CHECK(change(before) == "timers +1");
      sleep(2h);
      CHECK(change(before) == "envelopes +1");
      next<int>();
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("a message that is too large to lie in its timer has its envelope from the first") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      const timer_reference first = send_after(1h, self(), std::string{"once"});
      send_after(2h, self(), std::string{"twice"});
      CHECK(change(before) == "envelopes +2, timers +2");
      cancel_timer(first);
      CHECK(change(before) == "envelopes +1, timers +1");
      sleep(2h);
      CHECK(change(before) == "envelopes +1");
      CHECK(next<std::string>() == "twice");
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("a link has two ends") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      const pid other = spawn(wait_for_ever);
      await_idle();
      link(other);
      await_idle();
      CHECK(change(before) == "processes +1, links +2, stacks +1");
      unlink(other);
      CHECK(change(before) == "processes +1, envelopes +1, links +2, stacks +1");  // not acknowledged yet
      await_idle();
      CHECK(change(before) == "processes +1, stacks +1");
      end(other);
      std::vector<pid> many;
      for (int i = 0; i < 3; ++i) many.push_back(spawn_link(wait_for_ever));
      await_idle();
      CHECK(change(before) == "processes +3, links +6, stacks +3");
      for (const pid each : many) {
        unlink(each);
        end(each);
      }
      await_idle();
      CHECK_FALSE(has_queued<answer_now>());
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("a monitor counts at both its ends, a call that will be answered later at one") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      const pid served = start<oracle>().process();
      const reference watched = monitor(served);
      await_idle();
      CHECK(change(before) == "processes +1, monitors +1, watchers +1");
      demonitor(watched);
      await_idle();
      CHECK(change(before) == "processes +1");
      const spawned asking = spawn_monitor([served] { CHECK(call<int>(served, question{}, infinity) == 42); });
      await_idle();
      CHECK(change(before) == "processes +2, monitors +1, watchers +2, stacks +1");
      cast(served, answer_now{});
      reason_of(asking);
      CHECK(change(before) == "processes +1");
      end(served);
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("names count") {
    in_virtual_time([] {
      const live_objects before = count_live_objects();
      register_name("counted", self());
      CHECK(change(before) == "names +1");
      unregister_name("counted");
      CHECK(change(before).empty());
    });
  }

  TEST_CASE("a message that somebody keeps counts, and so does a stack that was given up") {
    in_virtual_time([] {
      const captured_log log;
      const live_objects before = count_live_objects();
      send(self(), 1);
      {
        const message kept = next<message>();
        CHECK(change(before) == "envelopes +1");
      }
      CHECK(change(before).empty());
      const pid stubborn = spawn([] {
        for (;;) {
          try {
            sleep(1h);
          } catch (...) {  // the mistake
          }
        }
      });
      await_idle();
      end(stubborn);
      CHECK(change(before) == "stacks +1");
    });
  }

  TEST_CASE("what has been counted can be written down and compared") {
    const live_objects some{3, 4, 1, 2, 5, 6, 7, 8};
    CHECK(to_string(some) == "processes 3, envelopes 4, timers 1, links 2, monitors 5, watchers 6, stacks 7, names 8");
    CHECK(some == live_objects{3, 4, 1, 2, 5, 6, 7, 8});
    CHECK_FALSE(some == live_objects{});
  }

  TEST_CASE("without a runtime there is nothing to count") {
    CHECK_THROWS_AS(count_live_objects(), std::logic_error);
  }

  TEST_CASE("they can be counted while other threads work, and are as before when those have done") {
    in_runtime({.threads = 4}, [] {
      const live_objects before = count_live_objects();
      std::vector<reference> working;
      for (int i = 0; i < 8; ++i) {
        working.push_back(spawn_monitor([] {
                            for (int round = 0; round < 200; ++round) {
                              const pid child = spawn_link([] { next<int>(); });
                              const reference watched = monitor(child);
                              send(child, round);
                              reason_of(watched);
                            }
                          }).ref);
      }
      for (int i = 0; i < 200; ++i) {
        const live_objects now = count_live_objects();
        CHECK(now.processes >= before.processes);
        sleep(0ns);
      }
      for (const reference each : working) reason_of(each);
      for (int i = 0; i < 1000 && !(count_live_objects() == before); ++i) sleep(1ms);
      const live_objects after = count_live_objects();
      CHECK(after.processes == before.processes);
      CHECK(after.links == before.links);
      CHECK(after.monitors == before.monitors);
      CHECK(after.watchers == before.watchers);
    });
  }
}
