#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/blocking.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

#include "server_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

struct count {
  using reply = int;
};
struct add {
  int value = 0;
};
struct unlisted_message {
  int value = 0;
};

/// The plainest server: a number.
class counter : public server<counter, count, add> {
 public:
  int handle(count) const { return value_; }
  void handle(add by) { value_ += by.value; }

 private:
  int value_ = 0;
};

struct sleep_for {
  std::chrono::milliseconds time{};
};
struct stop_with {
  using reply = int;
  exit_reason reason;
};
struct fail_with {
  exit_reason reason;
};
struct exit_with {
  exit_reason reason;
};
struct throw_text {
  std::string text;
};
struct trap {
  bool yes = true;
};
struct fail_in_terminate {
  exit_reason reason;
};
struct sleep_in_terminate {
  std::chrono::milliseconds time{};
};
struct do_first {};
struct do_next {
  int number = 0;
};

/// Notes in a journal what happens to it.
class witness : public server<witness, sleep_for, stop_with, fail_with, exit_with, throw_text, trap, fail_in_terminate,
                              sleep_in_terminate, do_first, do_next, exit_signal> {
 public:
  explicit witness(std::shared_ptr<journal> facts) : facts_{std::move(facts)} {}
  witness(const witness&) = delete;
  witness& operator=(const witness&) = delete;
  ~witness() override { facts_->note("destroyed"); }

  void handle(sleep_for how) { sleep(how.time); }
  int handle(const stop_with& why) {
    stop(why.reason);
    facts_->note("handled");
    return 42;
  }
  void handle(const fail_with& why) { throw error{why.reason}; }
  void handle(const exit_with& why) { exit(why.reason); }
  void handle(const throw_text& what) { throw std::runtime_error{what.text}; }
  void handle(trap how) { process_flag(trap_exit, how.yes); }
  void handle(fail_in_terminate why) { fails_with_ = std::move(why.reason); }
  void handle(sleep_in_terminate how) { sleeps_ = how.time; }
  void handle(do_first) {
    facts_->note("first");
    continue_with(do_next{1});
    continue_with(do_next{2});
  }
  void handle(do_next what) { facts_->note("next " + std::to_string(what.number)); }
  void handle(const exit_signal& signal) { facts_->note("EXIT " + signal.reason.to_string()); }

  void terminate(const exit_reason& reason) {
    facts_->note("terminate " + reason.to_string());
    sleep(sleeps_);
    if (fails_with_) throw error{*fails_with_};
    facts_->note("terminated");
  }

 private:
  std::shared_ptr<journal> facts_;
  std::optional<exit_reason> fails_with_;
  std::chrono::milliseconds sleeps_{0};
};

/// Asks another thread for something, and waits for it without a turn for anybody.
struct meet {
  std::latch* asked = nullptr;
  std::latch* done = nullptr;
};

class busy_one : public server<busy_one, meet, do_next> {
 public:
  explicit busy_one(std::shared_ptr<journal> facts) : facts_{std::move(facts)} {}

  void handle(meet where) {
    facts_->note("met");
    where.asked->count_down();
    where.done->wait();
  }
  void handle(do_next what) { facts_->note("next " + std::to_string(what.number)); }

 private:
  std::shared_ptr<journal> facts_;
};

/// What happened to a witness up to its end, to which `use` brings it. It is started by the caller, without a link.
template <class Use>
std::string life_of_witness(Use use) {
  const auto facts = std::make_shared<journal>();
  const pid server = start<witness>(facts).process();
  const reference watch = monitor(server);
  use(server);
  const std::string reason = reason_of(watch).to_string();
  return facts->text() + ", " + reason;
}

template <class Message>
std::string life_ended_by(Message last) {
  return life_of_witness([&](pid server) { cast(server, std::move(last)); });
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a server handles calls and casts of one process in their order") {
    on_one_thread_and_on_four([] {
      const pid server = start<counter>().process();
      for (int i = 1; i <= 1000; ++i) cast(server, add{i});
      CHECK(call(server, count{}) == 500500);
    });
  }

  TEST_CASE("a listed message that is only sent is handled too") {
    on_one_thread_and_on_four([] {
      const pid server = start<counter>().process();
      send(server, add{2});
      send(server, count{});
      CHECK(call(server, count{}) == 2);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a call without a reply returns when it has been handled") {
    on_one_thread_and_on_four([] {
      const pid server = start<counter>().process();
      call(server, add{5});
      CHECK(call(server, count{}) == 5);
    });
  }

  TEST_CASE("casts of many processes all arrive") {
    on_one_thread_and_on_four([] {
      const pid server = start<counter>().process();
      std::vector<spawned> casters;
      for (int i = 0; i < 20; ++i) {
        casters.push_back(spawn_monitor([server] {
          for (int n = 0; n < 500; ++n) cast(server, add{1});
        }));
      }
      for (const spawned& each : casters) CHECK(reason_of(each).is_normal());
      CHECK(call(server, count{}) == 10000);
    });
  }

  TEST_CASE("a server that stops with a reply runs terminate first, and then the reply is sent (S66)") {
    on_one_thread_and_on_four([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      const reference watch = monitor(server);
      CHECK(call(server, stop_with{exit_reason{"enough"}}) == 42);
      facts->note("answered");
      CHECK(reason_of(watch).to_string() == "enough");
      const auto so_far = facts->facts();
      REQUIRE(so_far.size() == 5);
      CHECK(so_far[0] == "handled");
      CHECK(so_far[1] == "terminate enough");
      CHECK(so_far[2] == "terminated");
      // The answer and the rest of the end go different ways.
      CHECK(((so_far[3] == "answered") != (so_far[4] == "answered")));
    });
  }

  TEST_CASE("the reply of a server that stops waits for a slow terminate (S66)") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      cast(server, sleep_in_terminate{3s});
      const auto begun = monotonic_time();
      CHECK(call(server, stop_with{exit_reason::normal()}) == 42);
      CHECK(monotonic_time() - begun == 3s);
    });
  }

  TEST_CASE("the caller of a server that fails in terminate still gets its reply (S66, S72)") {
    on_one_thread_and_on_four([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      const reference watch = monitor(server);
      cast(server, fail_in_terminate{exit_reason{"messy"}});
      CHECK(call(server, stop_with{exit_reason::normal()}) == 42);
      CHECK(reason_of(watch).to_string() == "messy");
    });
  }

  TEST_CASE("a kill in terminate takes the reply with it: the caller gets killed (S64, S70)") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      cast(server, sleep_in_terminate{1h});
      spawn([server] {
        sleep(1s);
        exit(server, exit_reason::kill());
      });
      CHECK(exit_of([&] { call(server, stop_with{exit_reason::normal()}); }) ==
            failed_call("killed", server, "stop_with"));
      CHECK(facts->text() == "handled, terminate normal, destroyed");
    });
  }

  TEST_CASE("what a handler throws is the exit reason, by type and text (S67)") {
    on_one_thread_and_on_four([] {
      CHECK(life_ended_by(throw_text{"no disk"}) ==
            "terminate std::runtime_error: no disk, terminated, destroyed, std::runtime_error: no disk");
    });
  }

  TEST_CASE("a message that no handler takes is logged at warning and dropped, and the server lives (S69)") {
    on_one_thread_and_on_four([] {
      const captured_log log;
      const pid server = start<counter>().process();
      send(server, unlisted_message{7});
      CHECK(call(server, count{}) == 0);
      const auto records = log.records();
      REQUIRE(records.size() == 1);
      CHECK(records.front().level == log_level::warning);
      CHECK(records.front().process == server);
      CHECK(log.tells("unlisted_message{7}"));
    });
  }

  TEST_CASE("a cast that no handler takes ends the server with undef (S69)") {
    on_one_thread_and_on_four([] {
      const pid server = start<counter>().process();
      const reference watch = monitor(server);
      cast(server, unlisted_message{7});
      CHECK(reason_of(watch).to_string() == "undef");
    });
  }

  TEST_CASE("handle_info takes the messages and the casts that are not listed (S69)") {
    class listener : public server<listener, count> {
     public:
      int handle(count) const { return heard_; }
      void handle_info(message& other) {
        if (const auto* known = other.get_if<unlisted_message>()) heard_ += known->value;
      }

     private:
      int heard_ = 0;
    };
    on_one_thread_and_on_four([] {
      const pid server = start<listener>().process();
      send(server, unlisted_message{7});
      cast(server, unlisted_message{70});
      send(server, std::string{"not this"});
      CHECK(call(server, count{}) == 77);
    });
  }

  TEST_CASE("handle_info may keep the message, also when it fails then") {
    class keeps : public server<keeps, count> {
     public:
      int handle(count /*asked*/) { return 0; }
      void handle_info(message& other) {
        const message kept{std::move(other)};
        throw std::runtime_error{"kept " + kept.text()};
      }
    };
    on_one_thread_and_on_four([] {
      const captured_log log;
      const pid server = start<keeps>().process();
      const reference watched = monitor(server);
      send(server, unlisted_message{3});
      CHECK(reason_of(watched).to_string() == "std::runtime_error: kept unlisted_message{3}");
      CHECK(log.tells("last message: (moved away)"));
    });
  }

  TEST_CASE("terminate is called when the server stops, and when a handler exits or throws, trapping or not (S70)") {
    for (const bool traps : {false, true}) {
      CAPTURE(traps);
      on_one_thread_and_on_four([traps] {
        const auto ended_by = [traps](auto last) {
          return life_of_witness([&](pid server) {
            cast(server, trap{traps});
            cast(server, std::move(last));
          });
        };
        CHECK(ended_by(stop_with{exit_reason::normal()}) == "handled, terminate normal, terminated, destroyed, normal");
        CHECK(ended_by(stop_with{exit_reason{"enough"}}) == "handled, terminate enough, terminated, destroyed, enough");
        CHECK(ended_by(fail_with{exit_reason{"badarith"}}) == "terminate badarith, terminated, destroyed, badarith");
        CHECK(ended_by(exit_with{exit_reason{"boom"}}) == "terminate boom, terminated, destroyed, boom");
        CHECK(ended_by(exit_with{exit_reason::normal()}) == "terminate normal, terminated, destroyed, normal");
        CHECK(ended_by(exit_with{exit_reason::kill()}) == "terminate kill, terminated, destroyed, kill");
      });
    }
  }

  TEST_CASE("terminate is not called when an exit signal ends a server that does not trap exits (S70)") {
    on_one_thread_and_on_four([] {
      CHECK(life_of_witness([](pid server) { exit(server, exit_reason::shutdown()); }) == "destroyed, shutdown");
      CHECK(life_of_witness([](pid server) { exit(server, exit_reason{"boom"}); }) == "destroyed, boom");
    });
  }

  TEST_CASE("terminate is not called when a server is killed, trapping or not (S70)") {
    on_one_thread_and_on_four([] {
      CHECK(life_of_witness([](pid server) { exit(server, exit_reason::kill()); }) == "destroyed, killed");
      CHECK(life_of_witness([](pid server) {
              cast(server, trap{});
              exit(server, exit_reason::kill());
            }) == "destroyed, killed");
    });
  }

  TEST_CASE("a kill ends a server that waits in a handler, without terminate (S70)") {
    for (const bool traps : {false, true}) {
      CAPTURE(traps);
      in_virtual_time([traps] {
        CHECK(life_of_witness([traps](pid server) {
                cast(server, trap{traps});
                cast(server, sleep_for{1h});
                sleep(1s);
                exit(server, exit_reason::kill());
              }) == "destroyed, killed");
      });
    }
  }

  TEST_CASE("an exit signal waits for the end of a handler only while the server traps exits (S5, S70)") {
    in_virtual_time([] {
      const auto begun = monotonic_time();
      CHECK(life_of_witness([](pid server) {
              cast(server, sleep_for{1h});
              sleep(1s);
              exit(server, exit_reason::shutdown());
            }) == "destroyed, shutdown");
      CHECK(monotonic_time() - begun == 1s);
    });
  }

  TEST_CASE("while it traps exits, the end of its parent stops a server with that reason, also normal (S70, S71)") {
    for (const char* const reason : {"normal", "shutdown", "boom"}) {
      CAPTURE(reason);
      on_one_thread_and_on_four([reason] {
        const auto facts = std::make_shared<journal>();
        struct go {};
        const spawned parent = spawn_monitor([reason, facts, main = self()] {
          const pid server = start_link<witness>(facts).process();
          call(server, trap{});
          send(main, server);
          next<go>();
          exit(exit_reason::parse(reason));
        });
        const reference watch = monitor(next<pid>());
        send(parent.process, go{});
        const std::string why = reason;
        CHECK(reason_of(watch).to_string() == why);
        CHECK(facts->text() == "terminate " + why + ", terminated, destroyed");
        reason_of(parent);
      });
    }
  }

  TEST_CASE("an exit signal that its parent sends by hand stops a server that traps exits (S71)") {
    on_one_thread_and_on_four([] {
      const auto facts = std::make_shared<journal>();
      process_flag(trap_exit, true);
      const pid server = start_link<witness>(facts).process();
      call(server, trap{});
      const reference watch = monitor(server);
      exit(server, exit_reason::shutdown());
      CHECK(reason_of(watch) == exit_reason::shutdown());
      CHECK(facts->text() == "terminate shutdown, terminated, destroyed");
    });
  }

  TEST_CASE("the end of its parent ends a server that waits in a handler when that is done, if it traps exits (S71)") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      process_flag(trap_exit, true);
      const pid server = start_link<witness>(facts).process();
      const reference watch = monitor(server);
      cast(server, trap{});
      cast(server, sleep_for{10s});
      cast(server, do_next{1});
      const auto begun = monotonic_time();
      sleep(1s);
      exit(server, exit_reason{"boom"});
      cast(server, do_next{2});
      CHECK(reason_of(watch).to_string() == "boom");
      CHECK(monotonic_time() - begun == 10s);
      // It queued behind what had come before it.
      CHECK(facts->text() == "next 1, terminate boom, terminated, destroyed");
    });
  }

  TEST_CASE("exit signals of others reach a server that traps exits as messages, and it lives (S71)") {
    on_one_thread_and_on_four([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start_link<witness>(facts).process();
      call(server, trap{});
      reason_of(spawn_monitor([server] {
        link(server);
        exit("boom");
      }));
      reason_of(spawn_monitor([server] { exit(server, exit_reason::shutdown()); }));
      call(server, sleep_for{0ms});
      CHECK(facts->text() == "EXIT boom, EXIT shutdown");
      CHECK(is_alive(server));
    });
  }

  TEST_CASE("a server that does not trap exits outlives a parent that ends with normal, and no other (S71)") {
    on_one_thread_and_on_four([] {
      const auto orphan_of = [](const exit_reason& reason) {
        pid server;
        reason_of(spawn_monitor([&] {
          server = start_link<counter>().process();
          exit(reason);
        }));
        return server;
      };
      const pid survivor = orphan_of(exit_reason::normal());
      CHECK(call(survivor, count{}) == 0);
      const pid victim = orphan_of(exit_reason::shutdown());
      CHECK(exit_of([&] { call(victim, count{}); }) != "(no exit)");
    });
  }

  TEST_CASE("what terminate throws replaces the exit reason (S72)") {
    on_one_thread_and_on_four([] {
      CHECK(life_of_witness([](pid server) {
              cast(server, fail_in_terminate{exit_reason{"messy"}});
              cast(server, stop_with{exit_reason::normal()});
            }) == "handled, terminate normal, destroyed, messy");
    });
  }

  TEST_CASE(
      "the ends normal, shutdown and {shutdown,_} are not reported; all others are, with the last message (S73)") {
    on_one_thread_and_on_four([] {
      for (const char* const quiet : {"normal", "shutdown", "{shutdown,x}"}) {
        const captured_log log;
        life_ended_by(stop_with{exit_reason::parse(quiet)});
        CHECK_MESSAGE(log.records().empty(), log.text());
      }
      for (const char* const loud : {"boom", "killed", "{boom,x}"}) {
        const captured_log log;
        life_ended_by(stop_with{exit_reason::parse(loud)});
        const auto records = log.records();
        REQUIRE(records.size() == 1);
        CHECK(records.front().level == log_level::error);
        CHECK(log.tells(std::string{"server terminating: "} + loud));
        CHECK(log.tells("last message: stop_with"));
      }
      // So is the end of a parent, when that stops a server.
      for (const char* const reason : {"normal", "shutdown", "{shutdown,x}", "boom"}) {
        const captured_log log;
        const auto facts = std::make_shared<journal>();
        process_flag(trap_exit, true);
        const pid server = start_link<witness>(facts).process();
        const reference watch = monitor(server);
        call(server, trap{});
        exit(server, exit_reason::parse(reason));
        reason_of(watch);
        CHECK(log.tells("server terminating: boom\n    last message: coppice::exit_signal") ==
              (std::string{reason} == "boom"));
        CHECK(log.records().size() == (std::string{reason} == "boom" ? 1 : 0));
      }
      const captured_log log;
      life_ended_by(throw_text{"no disk"});
      CHECK(log.records().size() == 1);
      CHECK(log.tells("server terminating: std::runtime_error: no disk"));
      CHECK(log.tells("last message: throw_text{\"no disk\"}"));
    });
  }

  TEST_CASE("a server that an exit signal ends does not report it (S73)") {
    on_one_thread_and_on_four([] {
      const captured_log log;
      life_of_witness([](pid server) { exit(server, exit_reason{"boom"}); });
      life_of_witness([](pid server) { exit(server, exit_reason::kill()); });
      CHECK_MESSAGE(log.records().empty(), log.text());
    });
  }

  TEST_CASE("what a server continues with is handled before anything that is queued, in its order (S74)") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      cast(server, sleep_for{1s});
      cast(server, do_first{});
      cast(server, do_next{3});
      call(server, sleep_for{0ms});
      CHECK(facts->text() == "first, next 1, next 2, next 3");
      cast(server, do_first{});  // when there were some before
      call(server, sleep_for{0ms});
      CHECK(facts->text() == "first, next 1, next 2, next 3, first, next 1, next 2");
    });
  }

  TEST_CASE("a constructor may continue too, before the first message (S74)") {
    class eager : public server<eager, add, count> {
     public:
      eager() { continue_with(add{7}); }
      void handle(add by) { value_ = value_ * 10 + by.value; }
      int handle(count) const { return value_; }

     private:
      int value_ = 0;
    };
    on_one_thread_and_on_four([] {
      const pid server = start<eager>().process();
      cast(server, add{1});
      CHECK(call(server, count{}) == 71);
    });
  }

  TEST_CASE("messages that are still queued when a server ends are destroyed, as are its continuations") {
    struct token {
      std::shared_ptr<int> counted;
    };
    class brief : public server<brief, token, add> {
     public:
      void handle(token) {}
      void handle(add) { exit("boom"); }
      explicit brief(token kept) {
        continue_with(add{1});
        continue_with(std::move(kept));
      }
    };
    on_one_thread_and_on_four([] {
      const auto counted = std::make_shared<int>();
      const pid server = start<brief>(token{counted}).process();
      for (int i = 0; i < 10; ++i) cast(server, token{counted});
      await_end_of(server);
      CHECK(counted.use_count() == 1);
    });
  }

  TEST_CASE("stop_server ends a server with normal after what is in its queue, through terminate (S77)") {
    on_one_thread_and_on_four([] {
      CHECK(life_of_witness([](pid server) {
              cast(server, do_next{1});
              stop_server(server);
            }) == "next 1, terminate normal, terminated, destroyed, normal");
      CHECK(life_of_witness([](pid server) { stop_server(server, exit_reason::shutdown()); }) ==
            "terminate shutdown, terminated, destroyed, shutdown");
    });
  }

  TEST_CASE("stop_server of a dead server, or of a name that nobody has, exits its caller with noproc (S77)") {
    on_one_thread_and_on_four([] {
      CHECK(exit_of([] { stop_server(dead_process()); }) == "noproc");
      CHECK(exit_of([] { stop_server("nobody"); }) == "noproc");
    });
  }

  TEST_CASE("stop_server of oneself exits with calling_self, and asks for nothing (S77)") {
    in_virtual_time([] {
      CHECK(exit_of([] { stop_server(self(), exit_reason::normal(), 1s); }) == "calling_self");
      CHECK(queue().empty());
    });
  }

  TEST_CASE("stop_server that takes too long exits its caller with timeout, and the server is not killed (S77)") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      const reference watch = monitor(server);
      cast(server, sleep_for{10s});
      const auto begun = monotonic_time();
      CHECK(exit_of([&] { stop_server(server, exit_reason::normal(), 1s); }) == "timeout");
      CHECK(monotonic_time() - begun == 1s);
      CHECK(is_alive(server));
      // Its request stays, and is handled in its turn.
      CHECK(reason_of(watch).is_normal());
      CHECK(monotonic_time() - begun == 10s);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("stop_server of a server that ends with another reason exits its caller with that (S77)") {
    on_one_thread_and_on_four([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start<witness>(facts).process();
      cast(server, fail_in_terminate{exit_reason{"messy"}});
      CHECK(exit_of([&] { stop_server(server); }) == "messy");
    });
  }

  TEST_CASE("a server at rest owns no stack: it holds less than a kilobyte, also after it has waited in a handler") {
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid server = start_link<witness>(facts).process();
      CHECK(process_info(server, info::memory)->memory < 1024);
      cast(server, sleep_for{1s});
      sleep(500ms);
      const auto busy = process_info(server, info::memory)->memory;
      CHECK(busy >= 4096);
      sleep(1s);
      CHECK(process_info(server, info::memory)->memory < 1024);
    });
  }

  TEST_CASE("10,000 servers are started, answer, and are stopped, and none is left") {
    on_one_thread_and_on_four([] {
      const std::size_t before = processes().size();
      std::vector<pid> servers;
      for (int i = 0; i < 10000; ++i) servers.push_back(start<counter>().process());
      CHECK(processes().size() == before + servers.size());
      for (const pid each : servers) cast(each, add{3});
      int sum = 0;
      for (const pid each : servers) sum += call(each, count{});
      CHECK(sum == 30000);
      for (const pid each : servers) stop_server(each);
      CHECK(processes().size() == before);
    });
  }

  TEST_CASE("while a server waits for another in a handler, others are served") {
    struct ask_behind {
      using reply = int;
      pid behind;
      std::chrono::milliseconds time{};
    };
    class front : public server<front, ask_behind> {
     public:
      int handle(ask_behind what) {
        call(what.behind, sleep_for{what.time}, infinity);
        return 1;
      }
    };
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid back = start<witness>(facts).process();
      const pid middle = start<front>().process();
      const pid other = start<counter>().process();
      std::vector<spawned> waiting;
      waiting.push_back(spawn_monitor([=] { CHECK(call(middle, ask_behind{back, 10s}, infinity) == 1); }));
      sleep(1s);
      const auto begun = monotonic_time();
      for (int i = 0; i < 100; ++i) cast(other, add{1});
      CHECK(call(other, count{}) == 100);
      CHECK(monotonic_time() == begun);
      CHECK(reason_of(waiting.front()).is_normal());
      CHECK(monotonic_time() - begun == 9s);
    });
  }

  TEST_CASE("a thousand servers can wait in their handlers at once") {
    in_virtual_time([] {
      std::vector<pid> servers;
      const auto begun = monotonic_time();
      for (int i = 0; i < 1000; ++i) {
        servers.push_back(start<witness>(std::make_shared<journal>()).process());
        cast(servers.back(), sleep_for{1s});
      }
      for (const pid each : servers) call(each, sleep_for{0ms});
      CHECK(monotonic_time() - begun == 1s);
      for (const pid each : servers) stop_server(each);
    });
  }

  TEST_CASE("the end of a server that a handler waits for ends the handler's server with the reason of the call") {
    struct relay {
      using reply = int;
      pid to;
    };
    class front : public server<front, relay> {
     public:
      int handle(relay what) {
        call(what.to, sleep_for{1h}, infinity);
        return 1;
      }
    };
    in_virtual_time([] {
      const auto facts = std::make_shared<journal>();
      const pid back = start<witness>(facts).process();
      const pid middle = start<front>().process();
      spawn([back] {
        sleep(1s);
        exit(back, exit_reason::kill());
      });
      CHECK(exit_of([&] { call(middle, relay{back}, infinity); }) ==
            failed_call(failed_call("killed", back, "sleep_for"), middle, "relay"));
    });
  }

  TEST_CASE("a handler may receive: messages that are handled by nobody else meanwhile") {
    struct ask_user {
      using reply = int;
    };
    struct said {
      int value = 0;
    };
    class dialogue : public server<dialogue, ask_user> {
     public:
      int handle(ask_user) {
        // Asked from here: what came before the handler began would be nobody's message.
        spawn([asks = self()] { send(asks, said{9}); });
        return receive([](said what) { return what.value; });
      }
    };
    on_one_thread_and_on_four([] {
      const pid server = start<dialogue>().process();
      CHECK(call(server, ask_user{}) == 9);
    });
  }

  TEST_CASE("a handler may do blocking work, and the server is killed when that has returned") {
    struct work {
      using reply = int;
    };
    class worker : public server<worker, work> {
     public:
      int handle(work) {
        return blocking([] { return 7; });
      }
    };
    on_one_thread_and_on_four([] {
      const pid server = start<worker>().process();
      CHECK(call(server, work{}) == 7);
      exit(server, exit_reason::kill());
      await_end_of(server);
    });
  }

  TEST_CASE("the destructor of a server may send and wait, before anybody is told of its end") {
    class farewell : public server<farewell, add> {
     public:
      explicit farewell(pid to) : to_{to} {}
      farewell(const farewell&) = delete;
      farewell& operator=(const farewell&) = delete;
      ~farewell() override {
        sleep(1s);
        send(to_, add{1});
      }
      void handle(add) { exit("boom"); }

     private:
      pid to_;
    };
    in_virtual_time([] {
      for (const bool killed : {false, true}) {
        const pid server = start<farewell>(self()).process();
        const reference watch = monitor(server);
        const auto begun = monotonic_time();
        if (killed) {
          exit(server, exit_reason::kill());
        } else {
          cast(server, add{1});
        }
        CHECK(receive([](add) { return true; }, [](const down&) { return false; }));
        CHECK(reason_of(watch).to_string() == (killed ? "killed" : "boom"));
        CHECK(monotonic_time() - begun == 1s);
      }
    });
  }

  TEST_CASE(
      "an exit signal that comes while messages are queued acts before the next of them, the first one too (S5)") {
    for (const char* reason : {"boom", "kill"}) {
      in_runtime({.threads = 1}, [&] {
        const auto facts = std::make_shared<journal>();
        std::latch asked{1};
        std::latch done{1};
        const pid server = start<busy_one>(facts).process();
        std::thread elsewhere{[&] {
          asked.wait();
          exit(server, reason);
          done.count_down();
        }};
        const reference watch = monitor(server);
        cast(server, do_next{1});
        cast(server, meet{&asked, &done});
        for (int number = 2; number < 10; ++number) cast(server, do_next{number});
        CHECK(reason_of(watch) == exit_reason{std::string_view{reason} == "kill" ? "killed" : reason});
        CHECK(facts->text() == "next 1, met");
        elsewhere.join();
      });
    }
  }

  TEST_CASE("an exit signal that comes while a destructor waits acts when the handler has returned (S5)") {
    struct fall {};
    class slow_to_fall : public server<slow_to_fall, fall> {
     public:
      void handle(fall) {
        try {
          // An exception is on its way, so the signal cannot unwind this wait.
          const struct waits {
            ~waits() { sleep(10s); }
          } waits;
          throw 1;
        } catch (int) {
        }
      }
    };
    in_virtual_time([] {
      const pid server = start<slow_to_fall>().process();
      const reference watch = monitor(server);
      const auto begun = monotonic_time();
      cast(server, fall{});
      sleep(1s);
      exit(server, exit_reason::kill());
      CHECK(reason_of(watch) == exit_reason::killed());
      CHECK(monotonic_time() - begun == 10s);
    });
  }

  TEST_CASE("process_info tells of a server what it was started with and what it handled last") {
    on_one_thread_and_on_four([] {
      const pid server = start_link<counter>({.name = "counter"}).process();
      call(server, add{1});
      const auto found = process_info(server);
      REQUIRE(found);
      CHECK(found->registered_name == "counter");
      CHECK(found->initial_call == "counter");
      CHECK(found->current_message == "add");
      CHECK(found->links == std::vector<pid>{self()});
      CHECK(found->message_queue_len == 0);
      CHECK_FALSE(found->trap_exit);
    });
  }

  TEST_CASE("a server that gets messages without end lets others have their turn") {
    struct again {};
    class restless : public server<restless, again> {
     public:
      void handle(again) { send(self(), again{}); }
    };
    in_runtime({.threads = 1}, [] {
      const pid server = start<restless>().process();
      cast(server, again{});
      const pid other = start<counter>().process();
      for (int i = 0; i < 100; ++i) call(other, add{1});
      CHECK(call(other, count{}) == 100);
    });
  }
}
