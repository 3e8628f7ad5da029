#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/blocking.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace shop {

struct order {
  int number;
};
struct work {};

}  // namespace shop

namespace {

struct go {};
struct ready {};

process_description described(pid process) {
  const auto found = process_info(process);
  CHECK(found);
  return found.value_or(process_description{});
}

struct spin {};

// A server that, told to spin, neither waits nor returns until it is released.
class stuck : public server<stuck, spin> {
 public:
  stuck(std::atomic<bool>& released, pid starter) : released_{released}, starter_{starter} {}
  void handle(spin) {
    send(starter_, ready{});
    while (!released_.load()) {
    }
  }

 private:
  std::atomic<bool>& released_;
  pid starter_;
};

}  // namespace

TEST_SUITE("process_info") {
  TEST_CASE("it is nothing for a process that is gone") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      CHECK_FALSE(process_info(dead));
      CHECK_FALSE(process_info(dead, info::status));
      CHECK_FALSE(process_info(pid{}, info::status));
      CHECK_FALSE(process_info(pid{}));
    });
  }

  TEST_CASE("it tells the name, or none") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      CHECK(described(echo).registered_name.empty());
      register_name("echo", echo);
      CHECK(described(echo).registered_name == "echo");
    });
  }

  TEST_CASE("it tells what a process does") {
    on_one_thread_and_on_four([] {
      CHECK(process_info(self(), info::status)->status == process_status::running);
      const pid echo = spawn(echo_loop);
      answers(echo);
      // Asked after its answer it may still be on its way to the wait.
      const auto status = process_info(echo, info::status)->status;
      CHECK((status == process_status::waiting || status == process_status::running ||
             status == process_status::runnable));
    });
    in_runtime({.threads = 1}, [] {
      const pid fresh = spawn(echo_loop);
      CHECK(process_info(fresh, info::status)->status == process_status::runnable);
      answers(fresh);
      CHECK(process_info(fresh, info::status)->status == process_status::waiting);
    });
  }

  TEST_CASE("statuses and items have names") {
    CHECK(to_string(process_status::runnable) == "runnable");
    CHECK(to_string(process_status::running) == "running");
    CHECK(to_string(process_status::waiting) == "waiting");
    CHECK(to_string(process_status::exiting) == "exiting");
    CHECK(to_string(info::registered_name) == "registered_name");
    CHECK(to_string(info::memory) == "memory");
    CHECK(to_string(info::dictionary) == "dictionary");
  }

  TEST_CASE("it tells how many messages are queued, and their texts, oldest first") {
    on_one_thread_and_on_four([] {
      const pid waiting = spawn([] { next<go>(); });
      send(waiting, shop::order{1});
      send(waiting, shop::order{2});
      send(waiting, std::string{"text"});
      const auto found = described(waiting);
      CHECK(found.message_queue_len == 3);
      CHECK(found.messages == std::vector<std::string>{"order{1}", "order{2}", "std::string \"text\""});
      send(self(), shop::order{3});
      CHECK(described(self()).message_queue_len == 1);
    });
  }

  TEST_CASE("it tells the message that is being handled") {
    on_one_thread_and_on_four([] {
      const spawned worker = spawn_monitor([main = self()] {
        receive([main](shop::work) {
          send(main, ready{});
          next<go>();
        });
      });
      CHECK(described(worker.process).current_message.empty());
      send(worker.process, shop::work{});
      next<ready>();
      CHECK(described(worker.process).current_message == "shop::work");
    });
  }

  TEST_CASE("reductions grow with the messages that are handled") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      answers(echo);
      const auto before = described(echo).reductions;
      for (int i = 0; i < 100; ++i) answers(echo);
      CHECK(described(echo).reductions >= before + 100);
    });
  }

  TEST_CASE("it tells who started a process, and what it was started with") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      const auto found = described(echo);
      CHECK(found.process == echo);
      CHECK(found.parent == self());
      CHECK(found.ancestors.size() >= 1);
      CHECK(found.ancestors.front() == self());
      CHECK_FALSE(found.initial_call.empty());
    });
  }

  TEST_CASE("it tells whether a process traps exits") {
    on_one_thread_and_on_four([] {
      CHECK_FALSE(described(self()).trap_exit);
      process_flag(trap_exit, true);
      CHECK(described(self()).trap_exit);
      CHECK_FALSE(described(spawn(echo_loop)).trap_exit);
    });
  }

  TEST_CASE("it tells links and monitors, from both sides") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      register_name("echo", echo);
      const pid linked = spawn_link(echo_loop);
      const auto watched_before = described(self()).monitored_by.size();
      monitor(echo);
      monitor("echo");
      CHECK(described(self()).links == std::vector<pid>{linked});
      CHECK(described(linked).links == std::vector<pid>{self()});
      const auto monitors = described(self()).monitors;
      CHECK(monitors.size() == 2);
      CHECK((!monitors.empty() && monitors.front().process == echo && monitors.front().name.empty()));
      CHECK((!monitors.empty() && monitors.back().process == echo && monitors.back().name == "echo"));
      CHECK(described(echo).monitored_by == std::vector<pid>{self(), self()});
      CHECK(described(self()).monitored_by.size() == watched_before);
      unlink(linked);
    });
  }

  TEST_CASE("memory counts the stack in use, and what is queued") {
    on_one_thread_and_on_four([] {
      const pid waiting = spawn([] { next<go>(); });
      const auto before = described(waiting).memory;
      // At least the page of stack that it stands on.
      CHECK(before >= 4096);
      CHECK(before < 256U << 10U);
      send(waiting, std::array<char, 100'000>{});
      CHECK(described(waiting).memory >= before + 100'000);
    });
  }

  TEST_CASE("a server at rest is small: it has no stack") {
    on_one_thread_and_on_four([] {
      std::atomic<bool> released{true};
      const pid server = start<stuck>(std::ref(released), self()).process();
      CHECK(described(server).memory > 0);
      CHECK(described(server).memory < 2048);
    });
  }

  TEST_CASE("it tells the keys of the dictionary") {
    on_one_thread_and_on_four([] {
      CHECK(described(self()).dictionary.empty());
      process_dictionary()["colour"] = std::string{"red"};
      process_dictionary()["age"] = 5;
      CHECK(described(self()).dictionary == std::vector<std::string>{"age", "colour"});
      CHECK(std::any_cast<int>(process_dictionary()["age"]) == 5);
      CHECK(described(spawn(echo_loop)).dictionary.empty());
    });
  }

  TEST_CASE("only what was asked for is looked up") {
    on_one_thread_and_on_four([] {
      const pid echo = spawn(echo_loop);
      link(echo);
      const auto found = process_info(echo, info::memory);
      CHECK(found);
      if (found) {
        CHECK(found->memory > 0);
        CHECK(found->links.empty());
      }
      unlink(echo);
    });
  }

  TEST_CASE("an answer leaves no trace in either queue, and old messages keep their places") {
    on_one_thread_and_on_four([] {
      send(self(), 1);
      const pid echo = spawn(echo_loop);
      for (int i = 0; i < 100; ++i) described(echo);
      send(self(), 2);
      CHECK(described(self()).message_queue_len == 2);
      CHECK(next<int>() == 1);
      CHECK(next<int>() == 2);
    });
  }

  TEST_CASE("a process that ends while it is asked gives an answer or nothing, never a wait") {
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 500; ++i) {
        const pid brief = spawn([] {});
        const auto found = process_info(brief);
        if (found) CHECK(found->process == brief);
      }
    });
  }

  // Both look at the inbox at once: one takes and frees what the other counts.
  TEST_CASE("the queue of a busy process can be counted from other threads, again and again") {
    static constexpr int messages = 20'000;
    const captured_log log;
    const int status = run(
        [] {
          const pid busy = spawn([main = self()] {
            for (int i = 0; i < messages; ++i) next<shop::order>();
            send(main, ready{});
          });
          const pid looker = spawn([busy] {
            while (const auto found = process_info(busy, info::message_queue_len)) {
              CHECK(found->message_queue_len <= messages);
              sleep(0ns);
            }
          });
          const reference looks = monitor(looker);
          for (int i = 0; i < messages; ++i) send(busy, shop::order{i});
          next<ready>();
          receive(when([looks](const down& ended) { return ended.ref == looks; }, [](down) {}));
        },
        {.threads = 4});
    CHECK(status == 0);
  }

  // It is stuck for real, so the clock is too: two threads, one of them lost to it until it is released.
  TEST_CASE("a stuck process can be looked at without its help") {
    const captured_log log;
    std::atomic<bool> released{false};
    const int status = run(
        [&released] {
          const pid victim = start<stuck>(start_options{.name = "pump"}, std::ref(released), self()).process();
          cast(victim, spin{});
          next<ready>();
          cast(victim, spin{});
          send(victim, shop::order{1});
          monitor(victim);  // a signal is no message
          const auto found =
              process_info(victim, info::registered_name, info::status, info::message_queue_len, info::reductions,
                           info::current_message, info::initial_call, info::parent, info::trap_exit);
          CHECK(found);
          if (found) {
            CHECK(found->registered_name == "pump");
            CHECK(found->status == process_status::running);
            CHECK(found->message_queue_len == 2);
            CHECK(found->current_message.find("spin") != std::string::npos);
            CHECK(found->parent == self());
          }

          std::string told;
          exit_reason reason;
          try {
            detail::describe_process(victim, {info::links}, 5ms);
          } catch (const error& caught) {
            told = caught.what();
            reason = caught.reason();
          }
          CHECK(reason == exit_reason::timeout());
          for (const char* const part : {"pump", "has not answered for 5 ms", "running", "spin", "2 messages queued"}) {
            CHECK(told.find(part) != std::string::npos);
          }
          released = true;
          // It answers when it can; that answer was for nobody and is not seen.
          CHECK(process_info(victim, info::links));
          next<ready>();  // of the second one
          CHECK(process_info(self(), info::message_queue_len)->message_queue_len == 0);
        },
        {.threads = 2});
    released = true;
    CHECK(status == 0);
  }
}
