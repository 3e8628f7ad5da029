#include <atomic>
#include <chrono>
#include <latch>
#include <string>
#include <utility>
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

struct ask {
  using reply = int;
};
struct ask_slowly {
  using reply = int;
  std::chrono::milliseconds time{};
};
struct ask_later {
  using reply = int;
};
struct ask_twice {
  using reply = int;
};
struct ask_another {
  using reply = int;
};
struct answer_all {
  int value = 0;
};
struct count_waiting {
  using reply = std::size_t;
};
struct end_with {
  using reply = int;
  exit_reason reason;
};
struct fail {
  using reply = int;
};
struct stop_with {
  exit_reason reason;
};
struct ask_oneself {
  using reply = int;
};
struct nobody_knows_it {};

/// Answers in all the ways there are.
class oracle : public server<oracle, ask, ask_slowly, ask_later, ask_twice, ask_another, answer_all, count_waiting,
                             end_with, fail, stop_with, ask_oneself> {
 public:
  int handle(ask) const { return 42; }
  int handle(ask_slowly how) const {
    sleep(how.time);
    return 42;
  }
  void handle(ask_later, from<int> asker) { waiting_.push_back(asker); }
  void handle(ask_twice, from<int> asker) {
    reply(asker, 1);
    reply(asker, 2);
  }
  void handle(ask_another, from<int> asker) {
    spawn([asker] { reply(asker, 43); });
  }
  void handle(answer_all with) {
    for (const from<int>& each : waiting_) reply(each, with.value);
    waiting_.clear();
  }
  std::size_t handle(count_waiting) const { return waiting_.size(); }
  int handle(end_with why) { exit(why.reason); }
  int handle(fail) { throw error{"badarith"}; }
  void handle(stop_with why) { stop(why.reason); }
  int handle(ask_oneself) { return call(self(), ask{}); }

 private:
  std::vector<from<int>> waiting_;
};

struct hold {};

// Waits once more while its stack is unwound.
struct lingering {
  ~lingering() { sleep(1s); }
};

class slow_to_die : public server<slow_to_die, hold> {
 public:
  void handle(hold) const {
    const lingering here;
    sleep(1h);
  }
};

pid start_oracle() {
  return start<oracle>().process();
}

/// What came of the call of another process.
struct outcome {
  std::string exit;
};

template <class Request>
void spawn_caller(pid server, Request request) {
  spawn([to = self(), server, request = std::move(request)] {
    send(to, outcome{exit_of([&] { call(server, request, infinity); })});
  });
}

void await_waiting(pid server, std::size_t callers) {
  while (call(server, count_waiting{}) < callers) {
  }
}

struct keep_thread {};

class keeper : public server<keeper, keep_thread> {
 public:
  explicit keeper(std::latch* released) : released_{released} {}

  void handle(keep_thread /*asked*/) { released_->wait(); }

 private:
  std::latch* released_;
};

}  // namespace

TEST_SUITE("call") {
  TEST_CASE("a call returns what the handler returns") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      for (int i = 0; i < 1000; ++i) CHECK(call(server, ask{}) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a request may be of the type of its reply") {
    class doubler : public server<doubler, int> {
     public:
      int handle(int number) const { return 2 * number; }
    };
    in_virtual_time([] {
      const pid server = start<doubler>().process();
      CHECK(call<int>(server, 21) == 42);
    });
  }

  TEST_CASE("a call to a dead process exits its caller with noproc (S61)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      CHECK(exit_of([&] { call(dead, ask{}); }) == failed_call("noproc", dead, "ask"));
      CHECK(exit_of([] { call(pid{}, ask{}); }).starts_with("{noproc,"));
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a call to a name that nobody has exits its caller with noproc (S61)") {
    on_one_thread_and_on_four(
        [] { CHECK(exit_of([] { call("nobody", ask{}); }) == failed_call("noproc", "nobody", "ask")); });
  }

  TEST_CASE("a call to a name reaches its holder") {
    on_one_thread_and_on_four([] {
      const pid server = start<oracle>({.name = "delphi"}).process();
      CHECK(call("delphi", ask{}) == 42);
      CHECK(exit_of([] { call("delphi", fail{}); }) == failed_call("badarith", "delphi", "fail"));
      CHECK_FALSE(is_alive(server));
    });
  }

  TEST_CASE("who calls itself exits with calling_self (S61)") {
    on_one_thread_and_on_four([] {
      CHECK(exit_of([] { call(self(), ask{}); }) == failed_call("calling_self", self(), "ask"));
      const pid server = start_oracle();
      CHECK(exit_of([&] { call(server, ask_oneself{}); }) ==
            failed_call(failed_call("calling_self", server, "ask"), server, "ask_oneself"));
    });
  }

  TEST_CASE("a call that is not caught ends its caller with the reason of the call (S61)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      CHECK(reason_of_end([dead] { call(dead, ask{}); }).to_string() == failed_call("noproc", dead, "ask"));
    });
  }

  TEST_CASE("a call waits five seconds unless told otherwise, and the server is untouched by its end (S62)") {
    in_virtual_time([] {
      const pid server = start_oracle();
      const auto begun = monotonic_time();
      CHECK(exit_of([&] { call(server, ask_slowly{8s}); }) == failed_call("timeout", server, "ask_slowly"));
      CHECK(monotonic_time() - begun == 5s);
      CHECK(is_alive(server));
      CHECK(call(server, ask{}) == 42);
      CHECK(monotonic_time() - begun == 8s);

      const auto again = monotonic_time();
      CHECK(exit_of([&] { call(server, ask_slowly{8s}, 100ms); }) == failed_call("timeout", server, "ask_slowly"));
      CHECK(monotonic_time() - again == 100ms);
    });
  }

  TEST_CASE("a call without a limit waits for as long as it takes (S62)") {
    in_virtual_time([] {
      const pid server = start_oracle();
      const auto begun = monotonic_time();
      CHECK(call(server, ask_slowly{24h}, infinity) == 42);
      CHECK(monotonic_time() - begun == 24h);
    });
  }

  TEST_CASE("a limit of zero has passed at once") {
    in_virtual_time([] {
      const pid server = start_oracle();
      const auto begun = monotonic_time();
      CHECK(exit_of([&] { call(server, ask_slowly{1s}, 0ms); }) == failed_call("timeout", server, "ask_slowly"));
      CHECK(monotonic_time() == begun);
    });
  }

  TEST_CASE("a reply after the time limit never reaches the queue (S63)") {
    in_virtual_time([] {
      const pid server = start_oracle();
      CHECK(exit_of([&] { call(server, ask_slowly{8s}); }).starts_with("{timeout,"));
      CHECK(exit_of([&] { call(server, ask_later{}, 1s); }).starts_with("{timeout,"));
      sleep(1min);
      cast(server, answer_all{7});
      CHECK(call(server, ask{}) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a late reply is not taken for the answer to the next call, though it comes alone and first (S63)") {
    in_virtual_time([] {
      const pid late = start_oracle();
      const pid server = start_oracle();
      CHECK(exit_of([&] { call(late, ask_later{}, 1s); }).starts_with("{timeout,"));
      send_after(1s, late, answer_all{7});
      CHECK(call(server, ask_slowly{2s}) == 42);
      CHECK(call(late, count_waiting{}) == 0);
    });
  }

  TEST_CASE("a reply that races with the time limit arrives in time or never (S63)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      for (int i = 0; i < 200; ++i) {
        const std::string end = exit_of([&] { call(server, ask_slowly{1ms}, 1ms); });
        if (end != "(no exit)") CHECK(end == failed_call("timeout", server, "ask_slowly"));
      }
      CHECK(call(server, ask{}) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a server forgets the caller that gave up, also while it handles its call") {
    in_virtual_time([] {
      const pid server = start_oracle();
      CHECK(exit_of([&] { call(server, ask_later{}, 1s); }).starts_with("{timeout,"));
      CHECK(exit_of([&] { call(server, ask_slowly{2s}, 1s); }).starts_with("{timeout,"));
      sleep(1min);
      CHECK(process_info(server, info::monitored_by)->monitored_by.empty());
    });
  }

  // Callers in all the places where a call can be when its server ends:
  //   answered later: handled, but not answered yet
  //   in its handler: the one that ends the server
  //   queued:         not yet seen
  TEST_CASE("all callers of a server that ends get its reason (S64)") {
    const auto ended_by = [](auto last_request, std::string expected) {
      in_virtual_time([&] {
        const pid server = start_oracle();
        for (int i = 0; i < 5; ++i) spawn_caller(server, ask_later{});
        sleep(1ms);
        spawn_caller(server, ask_slowly{1s});
        sleep(1ms);
        spawn_caller(server, last_request);
        sleep(1ms);
        for (int i = 0; i < 5; ++i) spawn_caller(server, ask{});
        sleep(1ms);
        std::vector<std::string> ends;
        for (int i = 0; i < 12; ++i) ends.push_back(next<outcome>().exit);
        std::sort(ends.begin(), ends.end());
        std::vector<std::string> all{"(no exit)"};  // that of ask_slowly
        for (int i = 0; i < 5; ++i) all.push_back(failed_call(expected, server, "ask"));
        for (int i = 0; i < 5; ++i) all.push_back(failed_call(expected, server, "ask_later"));
        all.push_back(failed_call(expected, server, type_name<decltype(last_request)>()));
        std::sort(all.begin(), all.end());
        CHECK(ends == all);
        CHECK_FALSE(is_alive(server));
      });
    };
    ended_by(end_with{exit_reason{"boom"}}, "boom");
    ended_by(end_with{exit_reason::normal()}, "normal");
    ended_by(fail{}, "badarith");
  }

  TEST_CASE("all callers of a server that is killed get killed (S64)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      for (int i = 0; i < 50; ++i) spawn_caller(server, ask_later{});
      await_waiting(server, 50);
      exit(server, exit_reason::kill());
      for (int i = 0; i < 50; ++i) CHECK(next<outcome>().exit == failed_call("killed", server, "ask_later"));
    });
    in_virtual_time([] {
      const pid server = start_oracle();
      spawn_caller(server, ask_slowly{1h});
      spawn_caller(server, ask_slowly{1h});
      sleep(1s);
      exit(server, exit_reason::kill());
      for (int i = 0; i < 2; ++i) CHECK(next<outcome>().exit == failed_call("killed", server, "ask_slowly"));
    });
  }

  TEST_CASE("all callers of a server that an exit signal ends get its reason (S64)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      for (int i = 0; i < 20; ++i) spawn_caller(server, ask_later{});
      await_waiting(server, 20);
      exit(server, "out");
      for (int i = 0; i < 20; ++i) CHECK(next<outcome>().exit == failed_call("out", server, "ask_later"));
    });
  }

  TEST_CASE("a call that comes after the exit signal finds nobody (S1, S61)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 100; ++round) {
        const pid server = start_oracle();
        exit(server, round % 2 == 0 ? exit_reason{"out"} : exit_reason::kill());
        CHECK(exit_of([&] { call(server, ask{}); }) == failed_call("noproc", server, "ask"));
      }
    });
  }

  TEST_CASE("a call that comes while a killed server is still unwound finds nobody (S61)") {
    in_virtual_time([] {
      const pid server = start<slow_to_die>().process();
      cast(server, hold{});
      sleep(1ms);
      exit(server, exit_reason::kill());
      sleep(1ms);
      CHECK(exit_of([&] { call(server, ask{}); }) == failed_call("noproc", server, "ask"));
    });
  }

  TEST_CASE("a server that stops without a reply gives its callers its reason, also normal (S64)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      spawn_caller(server, ask_later{});
      await_waiting(server, 1);
      cast(server, stop_with{exit_reason::normal()});
      CHECK(next<outcome>().exit == failed_call("normal", server, "ask_later"));
    });
  }

  TEST_CASE("a call that races with the end of its server is answered or gets the reason, or noproc (S61, S64)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 200; ++round) {
        const pid server = start_oracle();
        spawn_caller(server, ask{});
        spawn_caller(server, ask{});
        exit(server, exit_reason{"boom"});
        for (int i = 0; i < 2; ++i) {
          const std::string end = next<outcome>().exit;
          const bool known = end == "(no exit)" || end == failed_call("boom", server, "ask") ||
                             end == failed_call("noproc", server, "ask");
          CHECK_MESSAGE(known, end);
        }
      }
    });
  }

  TEST_CASE("a cast to nobody does nothing (S65)") {
    on_one_thread_and_on_four([] {
      cast(dead_process(), ask{});
      cast("nobody", ask{});
      cast(pid{}, ask{});
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a cast arrives before a later call of the same process") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      for (int i = 0; i < 100; ++i) {
        spawn_caller(server, ask_later{});
        await_waiting(server, 1);
        cast(server, answer_all{i});
        CHECK(call(server, count_waiting{}) == 0);
        CHECK(next<outcome>().exit == "(no exit)");
      }
    });
  }

  TEST_CASE("a call may be answered later, and by another process (S68)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      CHECK(call(server, ask_another{}) == 43);

      spawn([server] {
        await_waiting(server, 1);
        cast(server, answer_all{44});
      });
      CHECK(call(server, ask_later{}) == 44);
      CHECK(process_info(server, info::monitored_by)->monitored_by.empty());
    });
  }

  TEST_CASE("the first answer counts, and a second one is dropped (S68)") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      int first = 0;
      for (int i = 0; i < 100; ++i) first += call(server, ask_twice{});
      CHECK(first == 100);
      CHECK(call(server, ask{}) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE(
      "an answer by another process and the end of the server at once leave one of them, and nothing in the queue") {
    class fragile : public server<fragile, ask> {
     public:
      void handle(ask, from<int> asker) {
        spawn([asker] {
          exit(asker.server, exit_reason::kill());
          reply(asker, 43);
        });
      }
    };
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 100; ++i) {
        const pid server = start<fragile>().process();
        const std::string end = exit_of([&] { call(server, ask{}); });
        if (end != "(no exit)") CHECK(end == failed_call("killed", server, "ask"));
        await_end_of(server);
      }
      CHECK(queue().size() == 0);
    });
  }

  TEST_CASE("a call to a function's process that never answers gets the reason of its end") {
    in_virtual_time([] {
      const pid deaf = spawn([] {
        receive([](pong) {});
        exit("boom");
      });
      spawn_caller(deaf, ask{});
      sleep(1ms);
      send(deaf, pong{self()});
      CHECK(next<outcome>().exit == failed_call("boom", deaf, "ask"));
    });
  }

  TEST_CASE("a call that the server does not know fails with undef and is logged, and the server lives") {
    on_one_thread_and_on_four([] {
      const captured_log log;
      const pid server = start_oracle();
      CHECK(exit_of([&] { call(server, nobody_knows_it{}); }) == failed_call("undef", server, "nobody_knows_it"));
      CHECK(log.tells("nobody_knows_it{}"));
      CHECK(call(server, ask{}) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a reply of another type than the caller wants is an error of the caller") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      CHECK(fails_with("bad_reply", [&] { call<std::string>(server, ask{}); }));
      CHECK(call(server, ask{}) == 42);
    });
  }

  TEST_CASE("try_call gives the reply, or why there is none, and does not end its caller") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      const call_result<int> answered = try_call(server, ask{});
      REQUIRE(answered);
      CHECK(*answered == 42);
      CHECK(answered.value_or(0) == 42);
      CHECK(answered.error().is_normal());

      const auto why = [](const auto& result) { return result ? "a reply" : result.error().to_string(); };
      CHECK(why(try_call(dead_process(), ask{})) == "noproc");
      CHECK(why(try_call("nobody", ask{})) == "noproc");
      CHECK(why(try_call(self(), ask{})) == "calling_self");
      CHECK(why(try_call(server, nobody_knows_it{})) == "undef");
      CHECK(why(try_call(server, end_with{exit_reason{"enough"}})) == "enough");
      CHECK(try_call(server, ask{}).value_or(7) == 7);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("try_call without a reply waits until the request has been handled") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      const call_result<void> handled = try_call(server, answer_all{1});
      CHECK(static_cast<bool>(handled));
      const call_result<void> failed = try_call<void>(server, fail{});
      CHECK(!failed);
      CHECK(failed.error().to_string() == "badarith");
    });
  }

  TEST_CASE("try_call gives up when its time is over, and a late reply never arrives (S62, S63)") {
    in_virtual_time([] {
      const pid server = start_oracle();
      CHECK(try_call(server, ask_slowly{8s}).error() == exit_reason::timeout());
      CHECK(monotonic_time() == 5s);
      CHECK(try_call(server, ask_slowly{1s}, infinity).value_or(0) == 42);
      CHECK(queue().empty());
    });
  }

  TEST_CASE("a reply of another type than try_call wants is an error of the caller") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      CHECK(fails_with("bad_reply", [&] { try_call<std::string>(server, ask{}); }));
      CHECK(call(server, ask{}) == 42);
    });
  }

  TEST_CASE("exit signals act while a process waits for an answer") {
    in_virtual_time([] {
      const pid server = start_oracle();
      const spawned caller = spawn_monitor([server] { call(server, ask_slowly{1h}, infinity); });
      sleep(1s);
      exit(caller.process, exit_reason{"enough"});
      CHECK(reason_of(caller).to_string() == "enough");
      CHECK(call(server, ask{}, infinity) == 42);
    });
  }

  TEST_CASE("messages that come while a process waits for an answer stay in its queue, in their order") {
    on_one_thread_and_on_four([] {
      const pid server = start_oracle();
      send(self(), 1);
      spawn([server, to = self()] {
        await_waiting(server, 1);
        send(to, 2);
        send(to, 3);
        cast(server, answer_all{44});
      });
      CHECK(call(server, ask_later{}) == 44);
      CHECK(next<int>() == 1);
      CHECK(next<int>() == 2);
      CHECK(next<int>() == 3);
    });
  }

  // For real: the caller's own thread, on which its time-out was to be started, is the one that is kept.
  TEST_CASE("a call to one that keeps its thread times out, while another thread is free") {
    std::latch released{1};
    const int status = run(
        [&released] {
          const pid server = start<keeper>(&released).process();
          const exit_reason why = reason_of(spawn_monitor([server] { call(server, keep_thread{}, 20ms); }));
          CHECK(why.to_string().starts_with("{timeout,"));
          released.count_down();
          stop_server(server);
        },
        {.threads = 2});
    CHECK(status == 0);
  }
}
