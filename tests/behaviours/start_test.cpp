#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "server_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

struct who {
  using reply = pid;
};

/// Its constructor does what it is told.
class started_by : public server<started_by, who> {
 public:
  explicit started_by(const std::function<void()>& constructor) { constructor(); }
  pid handle(who) const { return self(); }
};

class parent_of_one : public server<parent_of_one, who> {
 public:
  explicit parent_of_one(const std::function<void()>& constructor_of_child) {
    start_link<started_by>(constructor_of_child);
  }
  pid handle(who) const { return self(); }
};

/// Reports of the level error about `process`.
std::size_t errors_about(pid process, const captured_log& log) {
  const auto records = log.records();
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [process](const log_record& each) {
    return each.process == process && each.level == log_level::error;
  }));
}

}  // namespace

TEST_SUITE("start") {
  TEST_CASE("start_link returns when the constructor has returned (S54)") {
    in_virtual_time([] {
      bool made = false;
      const auto begun = monotonic_time();
      const start_result result = start_link<started_by>([&] {
        sleep(3s);
        made = true;
      });
      CHECK(made);
      CHECK(monotonic_time() - begun == 3s);
      REQUIRE(result);
      CHECK(call(result.process(), who{}) == result.process());
    });
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 200; ++i) {
        std::atomic<bool> made = false;
        const start_result result = start_link<started_by>([&] { made = true; });
        CHECK(made);
        CHECK(is_alive(result.process()));
      }
    });
  }

  TEST_CASE("a server that ends before its constructor has returned has failed to start, with its reason (S55, S56)") {
    on_one_thread_and_on_four([] {
      const auto reason_of_start = [](const std::function<void()>& constructor) {
        const start_result result = start<started_by>(constructor);
        CHECK(result.is_failed());
        CHECK_FALSE(result);
        CHECK_FALSE(result.process());
        return result.error().to_string();
      };
      CHECK(reason_of_start([] { throw error{"badarith"}; }) == "badarith");
      CHECK(reason_of_start([] { exit("not today"); }) == "not today");
      CHECK(reason_of_start([] { exit(exit_reason::normal()); }) == "normal");
      CHECK(reason_of_start([] { throw std::runtime_error{"no disk"}; }) == "std::runtime_error: no disk");
      CHECK(reason_of_start([] {
              spawn([constructed = self()] { exit(constructed, exit_reason::kill()); });
              sleep(1h);
            }) == "killed");
    });
  }

  TEST_CASE("a constructor that takes too long is killed, and its caller lives on with `timeout` (S55)") {
    for (const bool traps : {false, true}) {
      CAPTURE(traps);
      in_virtual_time([traps] {
        process_flag(trap_exit, traps);
        pid slow;
        const auto begun = monotonic_time();
        const start_result result = start_link<started_by>({.name = "slow", .timeout = 100ms}, [&] {
          slow = self();
          // As if it ended by itself just before its time is up: the signal is there, and the word of its end not yet.
          if (traps) exit(ancestors().front(), "boom");
          process_flag(trap_exit, true);
          sleep(1h);
        });
        CHECK(monotonic_time() - begun == 100ms);
        CHECK(result.error() == exit_reason::timeout());
        CHECK_FALSE(is_alive(slow));
        CHECK_FALSE(whereis("slow"));
        CHECK(queue().empty());
        CHECK(process_info(self(), info::links)->links.empty());
        CHECK(process_info(self(), info::monitors)->monitors.empty());
      });
    }
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 20; ++i) {
        process_flag(trap_exit, i % 2 == 0);
        CHECK(start_link<started_by>({.timeout = 1ms}, [] { sleep(1h); }).error() == exit_reason::timeout());
      }
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a constructor that fails as its time is up has failed, or was too slow, but never both (S55)") {
    in_virtual_time([] {
      process_flag(trap_exit, true);
      const start_result result = start_link<started_by>({.name = "late", .timeout = 100ms}, [] {
        sleep(100ms);
        exit("boom");
      });
      const bool too_slow = result.error() == exit_reason::timeout();
      CHECK((too_slow || result.error() == exit_reason{"boom"}));
      CHECK(queue().size() == (too_slow ? 0 : 1));
      CHECK_FALSE(whereis("late"));
    });
  }

  TEST_CASE("a constructor that is quick enough is not disturbed by its time limit (S55)") {
    in_virtual_time([] {
      const start_result result = start_link<started_by>({.timeout = 100ms}, [] { sleep(99ms); });
      REQUIRE(result);
      sleep(1h);
      CHECK(call(result.process(), who{}) == result.process());
    });
  }

  TEST_CASE("a server that asks to be ignored is gone, with `normal`, and has no name (S56, S57)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      pid unwanted;
      const start_result result = start_link<started_by>({.name = "unwanted"}, [&] {
        unwanted = self();
        ignore();
      });
      CHECK(result.is_ignored());
      CHECK_FALSE(result);
      CHECK_FALSE(result.is_failed());
      CHECK_FALSE(result.process());
      CHECK_FALSE(whereis("unwanted"));
      const auto end = next<exit_signal>();
      CHECK(end.sender == unwanted);
      CHECK(end.reason.is_normal());
    });
  }

  TEST_CASE("the name of a server that asked to be ignored is free when the caller learns of it (S57, S58)") {
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 300; ++i) {
        // With the name still taken the second attempt would fail with `already_started`.
        CHECK(start<started_by>({.name = "unwanted"}, [] { ignore(); }).is_ignored());
      }
    });
    class shy : public server<shy, who> {
     public:
      explicit shy(const std::shared_ptr<void>& /*kept*/) { ignore(); }
      pid handle(who) const { return self(); }
    };
    in_virtual_time([] {
      // What it was given goes with its process, which takes its time.
      const start_result result = start<shy>({.name = "shy"}, std::shared_ptr<void>{nullptr, [](void*) { sleep(1s); }});
      CHECK(result.is_ignored());
      CHECK_FALSE(whereis("shy"));
    });
  }

  TEST_CASE("a start_link that fails ends a caller that does not trap exits (S57)") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] {
        start_link<started_by>([] { throw error{"badarith"}; });
        exit("survived");
      });
      CHECK(reason.to_string() == "badarith");
    });
  }

  TEST_CASE("a start that fails does not end its caller: there is no link (S57)") {
    on_one_thread_and_on_four([] {
      const exit_reason reason = reason_of_end([] {
        start<started_by>([] { throw error{"badarith"}; });
        exit("survived");
      });
      CHECK(reason.to_string() == "survived");
    });
  }

  TEST_CASE("a caller that traps exits gets the reason, and finds the exit signal in its queue (S57)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      pid broken;
      const start_result result = start_link<started_by>([&] {
        broken = self();
        throw error{"badarith"};
      });
      CHECK(result.error().to_string() == "badarith");
      const auto end = next<exit_signal>();
      CHECK(end.sender == broken);
      CHECK(end.reason.to_string() == "badarith");
      CHECK(queue().empty());
    });
  }

  TEST_CASE("the name of a server that failed to start is free when the caller learns of it (S58)") {
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 300; ++i) {
        // With the name still taken the second attempt would fail with `already_started`.
        CHECK(start<started_by>({.name = "broken"}, [] { exit("boom"); }).error().to_string() == "boom");
        CHECK_FALSE(whereis("broken"));
      }
    });
  }

  TEST_CASE("the name is registered before the constructor runs") {
    on_one_thread_and_on_four([] {
      pid named;
      const start_result result = start_link<started_by>({.name = "early"}, [&] { named = whereis("early"); });
      CHECK(named);
      CHECK(named == result.process());
    });
  }

  TEST_CASE("a name that is taken gives already_started and the holder, and no exit signal (S59)") {
    on_one_thread_and_on_four([] {
      process_flag(trap_exit, true);
      const start_result first = start_link<started_by>({.name = "only"}, [] {});
      const start_result second = start_link<started_by>({.name = "only"}, [] {});
      REQUIRE(first);
      CHECK(second.is_failed());
      CHECK_FALSE(second);
      CHECK(second.process() == first.process());
      CHECK(second.error().to_string() == "{already_started," + to_string(first.process()) + "}");
      CHECK(queue().empty());
    });
  }

  TEST_CASE("of many that start a server of one name at once, one does, and the others learn its pid (S59)") {
    struct outcome {
      bool started;
      pid process;
    };
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 30; ++round) {
        std::vector<spawned> contenders;
        for (int i = 0; i < 8; ++i) {
          contenders.push_back(spawn_monitor([to = self(), traps = i % 2 == 0] {
            process_flag(trap_exit, traps);
            const start_result result = start_link<started_by>({.name = "contended"}, [] {});
            send(to, outcome{static_cast<bool>(result), result.process()});
            // Of an attempt that lost the race for the name it may hear, but nothing bad.
            for (bool over = false; !over;) {
              receive([&over](pong) { over = true; }, [](exit_signal& told) { CHECK(told.reason.is_normal()); });
            }
          }));
        }
        std::size_t started = 0;
        std::vector<pid> named;
        for (std::size_t i = 0; i < contenders.size(); ++i) {
          const auto each = next<outcome>();
          if (each.started) ++started;
          named.push_back(each.process);
        }
        const pid winner = whereis("contended");
        CHECK(started == 1);
        CHECK(named == std::vector<pid>(contenders.size(), winner));
        for (const spawned& each : contenders) send(each.process, pong{self()});
        for (const spawned& each : contenders) CHECK(reason_of(each).is_normal());
        exit(winner, exit_reason::kill());
        await_end_of(winner);
      }
    });
  }

  TEST_CASE("the ancestors of a server begin with the process that started it (S60)") {
    on_one_thread_and_on_four([] {
      std::vector<pid> of_child;
      const start_result parent = start_link<parent_of_one>([&] { of_child = ancestors(); });
      REQUIRE(of_child.size() >= 2);
      CHECK(of_child[0] == parent.process());
      CHECK(of_child[1] == self());
      const auto described = process_info(parent.process(), info::ancestors, info::parent);
      CHECK(described->parent == self());
      CHECK(described->ancestors.front() == self());
    });
  }

  TEST_CASE("a constructor that fails is reported as a crash, unless with normal, shutdown or {shutdown,_} (S60)") {
    on_one_thread_and_on_four([] {
      const auto reports_of = [](const std::function<void()>& fail) {
        const captured_log log;
        const auto failed = std::make_shared<pid>();
        const start_result result = start<started_by>([failed, fail] {
          *failed = self();
          fail();
        });
        CHECK(result.is_failed());
        return errors_about(*failed, log);
      };
      CHECK(reports_of([] { throw error{"badarith"}; }) == 1);
      CHECK(reports_of([] { throw std::runtime_error{"no disk"}; }) == 1);
      CHECK(reports_of([] { exit("boom"); }) == 1);
      CHECK(reports_of([] { exit(exit_reason::normal()); }) == 0);
      CHECK(reports_of([] { exit(exit_reason::shutdown()); }) == 0);
      CHECK(reports_of([] { exit(exit_reason::parse("{shutdown,x}")); }) == 0);
    });
  }

  TEST_CASE("what a constructor had made is destroyed when it throws") {
    struct flag_on_end {
      std::atomic<bool>& ended;
      ~flag_on_end() { ended = true; }
    };
    class half_made : public server<half_made, who> {
     public:
      explicit half_made(std::atomic<bool>* ended) : member_{*ended} { throw error{"badarith"}; }
      pid handle(who) const { return self(); }

     private:
      flag_on_end member_;
    };
    on_one_thread_and_on_four([] {
      std::atomic<bool> ended = false;
      CHECK(start<half_made>(&ended).is_failed());
      CHECK(ended);
    });
  }

  TEST_CASE("the arguments are moved to the constructor, and what it does not take ends with it") {
    class owner : public server<owner, who> {
     public:
      explicit owner(std::unique_ptr<int> number) : number_{std::move(number)} {}
      pid handle(who) const { return *number_ == 7 ? self() : pid{}; }

     private:
      std::unique_ptr<int> number_;
    };
    on_one_thread_and_on_four([] {
      const pid started = start<owner>(std::make_unique<int>(7)).process();
      CHECK(call(started, who{}) == started);
    });
  }

  TEST_CASE("a kill while a server is in its constructor is the failure of its start") {
    in_virtual_time([] {
      pid constructed;
      spawn([&] {
        sleep(1s);
        exit(constructed, exit_reason::kill());
      });
      const start_result result = start<started_by>([&] {
        constructed = self();
        sleep(1h);
      });
      CHECK(result.error() == exit_reason::killed());
    });
  }
}
