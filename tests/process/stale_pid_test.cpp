#include <memory>
#include <optional>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/process_table.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

using detail::envelope;
using detail::envelope_kind;
using detail::make_envelope;
using detail::process_table;

// Ends a process and starts others until one of them has its place in the table.
struct succession {
  pid dead;
  pid successor;
};

succession start_successor() {
  const pid dead = dead_process();
  for (;;) {
    const pid started = spawn([] {
      process_flag(trap_exit, true);
      for (;;) {
        receive([](ping asked) { send(asked.from, pong{self()}); },
                [](message& stranger) { report(log_level::info, self(), "got " + std::string{stranger.type()}); });
      }
    });
    if (detail::slot_of(started) == detail::slot_of(dead)) return {dead, started};
  }
}

struct taken_envelope {
  envelope_kind kind = envelope_kind::message;
  pid from;
  reference ref;
  exit_reason reason;
};

// A place in the process table whose inbox is read by the test, as no process does: what comes back to a sender.
class bare_inbox {
 public:
  bare_inbox() : self_{process_table::instance().allocate()} {
    slot().inbox.store(detail::inbox_empty);
    slot().life.store(self_.value());
  }
  bare_inbox(const bare_inbox&) = delete;
  bare_inbox& operator=(const bare_inbox&) = delete;
  ~bare_inbox() {
    while (take()) {
    }
    slot().life.store(0);
    slot().inbox.store(detail::inbox_closed);
    process_table::instance().release(self_);
  }

  pid self() const { return self_; }

  std::optional<taken_envelope> take() {
    envelope* const got = slot().inbox.exchange(detail::inbox_empty);
    if (got == detail::inbox_empty) return std::nullopt;
    CHECK(got->next == nullptr);
    const taken_envelope taken{got->kind(), got->sender(), got->ref(), got->as<detail::ending>().reason};
    detail::discard(got);
    return taken;
  }

 private:
  detail::process_slot& slot() { return process_table::instance().slot(self_); }

  pid self_;
};

struct nothing_comes {};

// Owns no stack while it sits.
class sitter : public server<sitter, nothing_comes> {
 public:
  void handle(nothing_comes) {}
};

struct count {
  using reply = int;
};

// How many of `nothing_comes` it has handled.
class counter : public server<counter, count, nothing_comes> {
 public:
  int handle(count) const { return handled_; }
  void handle(nothing_comes) { ++handled_; }

 private:
  int handled_ = 0;
};

// What a sender does who has looked at the slot while `dead` still lived, and was held up until its successor was
// there. A check of the serial before the push, however careful, has been passed by then.
bool push_late(envelope* sent) {
  return process_table::push_to_slot(sent);
}

}  // namespace

TEST_SUITE("stale pid") {
  TEST_CASE("a message to a dead process is dropped by its successor in the same place") {
    on_one_thread_and_on_four([] {
      const captured_log log;
      const auto [dead, successor] = start_successor();
      const auto content = std::make_shared<int>(1);
      CHECK(push_late(make_envelope<std::shared_ptr<int>>(dead, envelope_kind::message, pid{}, reference{}, content)));
      CHECK(push_late(make_envelope<std::shared_ptr<int>>(dead, envelope_kind::cast, pid{}, reference{}, content)));
      CHECK(answers(successor));
      CHECK(process_info(successor, info::messages)->messages.empty());
      CHECK(content.use_count() == 1);
      CHECK_FALSE(log.tells("got"));
    });
  }

  TEST_CASE("a message to a dead process that comes alone is not handled by a server that rests in its place") {
    in_runtime({.threads = 1}, [] {
      const pid dead = dead_process();
      pid successor;
      while (!successor || detail::slot_of(successor) != detail::slot_of(dead)) successor = start<counter>().process();
      for (const auto kind : {envelope_kind::message, envelope_kind::cast}) {
        CHECK(push_late(make_envelope<nothing_comes>(dead, kind, pid{}, reference{})));
        yield();
        CHECK(call(successor, count{}) == 0);
      }
      send(successor, nothing_comes{});
      CHECK(call(successor, count{}) == 1);
    });
  }

  TEST_CASE("a link to a dead process that meets its successor is answered with noproc") {
    on_one_thread_and_on_four([] {
      const auto [dead, successor] = start_successor();
      bare_inbox sender;
      CHECK(push_late(make_envelope<detail::nothing>(dead, envelope_kind::link, sender.self(), reference{})));
      CHECK(answers(successor));
      const taken_envelope answer = sender.take().value_or(taken_envelope{});
      CHECK(answer.kind == envelope_kind::exit_linked);
      CHECK(answer.from == dead);
      CHECK(answer.reason == exit_reason::noproc());
      CHECK_FALSE(sender.take());
      CHECK(process_info(successor, info::links)->links.empty());
    });
  }

  TEST_CASE("a monitor, a call and a question of a dead process that meet its successor are answered with noproc") {
    on_one_thread_and_on_four([] {
      const auto [dead, successor] = start_successor();
      for (const auto kind : {envelope_kind::monitor, envelope_kind::call, envelope_kind::inspect}) {
        bare_inbox sender;
        const reference ref = reference::make();
        CHECK(push_late(make_envelope<detail::nothing>(dead, kind, sender.self(), ref)));
        CHECK(answers(successor));
        const taken_envelope answer = sender.take().value_or(taken_envelope{});
        CHECK(answer.kind == envelope_kind::down);
        CHECK(answer.from == dead);
        CHECK(answer.ref == ref);
        CHECK(answer.reason == exit_reason::noproc());
        CHECK_FALSE(sender.take());
      }
      CHECK(process_info(successor, info::messages)->messages.empty());
      CHECK(process_info(successor, info::monitored_by)->monitored_by.empty());
    });
  }

  TEST_CASE("the monitor of who asked gets its DOWN by such an answer") {
    on_one_thread_and_on_four([] {
      const auto [dead, successor] = start_successor();
      const reference ref = monitor(spawn(echo_loop));
      CHECK(push_late(make_envelope<detail::nothing>(dead, envelope_kind::monitor, self(), ref)));
      CHECK(reason_of(ref) == exit_reason::noproc());
      CHECK(answers(successor));
    });
  }

  TEST_CASE("exit signals, unlinks and demonitors for a dead process leave its successor alone") {
    on_one_thread_and_on_four([] {
      const captured_log log;
      const auto [dead, successor] = start_successor();
      link(successor);
      const reference ref = monitor(successor);
      for (const exit_reason& reason : {exit_reason{"out"}, exit_reason::kill()}) {
        push_late(
            make_envelope<detail::ending>(dead, envelope_kind::exit, self(), reference{}, detail::ending{reason, {}}));
        push_late(make_envelope<detail::ending>(dead, envelope_kind::exit_linked, self(), reference{},
                                                detail::ending{reason, {}}));
      }
      push_late(make_envelope<detail::nothing>(dead, envelope_kind::unlink, self(), reference::make()));
      push_late(make_envelope<detail::nothing>(dead, envelope_kind::demonitor, self(), ref));
      CHECK(answers(successor));
      CHECK(process_info(successor, info::links)->links == std::vector<pid>{self()});
      CHECK(process_info(successor, info::monitored_by)->monitored_by == std::vector<pid>{self()});
      CHECK_FALSE(log.tells("got"));
      unlink(successor);
      exit(successor, exit_reason::kill());
      CHECK(reason_of(ref) == exit_reason::killed());
    });
  }

  TEST_CASE("a kill for a dead process leaves its successor alive") {
    on_one_thread_and_on_four([] {
      const auto [dead, successor] = start_successor();
      exit(dead, exit_reason::kill());
      CHECK(is_alive(successor));
      CHECK_FALSE(is_alive(dead));
      CHECK(answers(successor));
    });
  }

  TEST_CASE("the inbox of a dead process takes nothing, and leaves the envelope with the sender") {
    in_runtime({.threads = 1}, [] {
      const pid dead = dead_process();
      envelope* refused = make_envelope<int>(dead, envelope_kind::message, pid{}, reference{}, 5);
      CHECK_FALSE(push_late(refused));
      detail::discard(refused);
    });
  }

  TEST_CASE("no pid is given twice, though places are") {
    on_one_thread_and_on_four([] {
      std::set<pid> seen;
      std::set<std::uint64_t> places;
      constexpr int spawns = is_sanitized ? 2'000 : 20'000;
      for (int i = 0; i < spawns; ++i) {
        const pid started = dead_process();
        seen.insert(started);
        places.insert(detail::slot_of(started));
      }
      CHECK(seen.size() == spawns);
      CHECK(places.size() < spawns);
    });
  }

  TEST_CASE("serials go on from one runtime to the next") {
    std::set<pid> seen;
    for (int i = 0; i < 5; ++i) {
      in_runtime({.threads = 1}, [&seen] {
        for (int k = 0; k < 100; ++k) CHECK(seen.insert(dead_process()).second);
        CHECK(seen.insert(self()).second);
      });
    }
  }

  TEST_CASE("places of which many were used at once are used again with higher serials") {
    // So many that the pages of empty places are given back in between.
    constexpr int many = is_sanitized ? 6'000 : 12'000;
    std::optional<pid> highest;
    for (int i = 0; i < 3; ++i) {
      in_runtime({.threads = 1}, [&highest] {
        std::vector<pid> all;
        for (int k = 0; k < many; ++k) all.push_back(start<sitter>().process());
        if (highest) CHECK(all.front() != *highest);
        std::set<pid> different{all.begin(), all.end()};
        CHECK(different.size() == all.size());
        highest = all.front();
      });
      in_runtime({.threads = 1}, [&highest] { CHECK_FALSE(is_alive(*highest)); });
    }
  }

  TEST_CASE("a pid prints as Erlang's do, and orders and hashes as a value") {
    const pid some = pid::from_value(std::uint64_t{150} << detail::slot_bits | 42);
    CHECK(to_string(some) == "<0.42.149>");
    CHECK(std::hash<pid>{}(some) == std::hash<pid>{}(pid::from_value(some.value())));
    CHECK(pid{} < some);
    CHECK_FALSE(pid{});
  }
}
