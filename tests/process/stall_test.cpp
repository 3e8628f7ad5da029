// A process that keeps its thread is told of. The handlers here do so until they have been told of, so nothing depends
// on how fast anything is.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/behaviours/call.hpp>
#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/stall.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace mill {

struct grind {};
struct sieve {};
struct rest {};

}  // namespace mill

namespace {

/// What was told, and a thread's way to wait for it.
class told_stalls {
 public:
  void operator()(const stall& told) {
    const std::lock_guard hold{lock_};
    all_.push_back(told);
    news_.notify_all();
  }

  /// Blocks the thread until `message` of a process is told to take too long; its process then, else nobody.
  stall await(std::string_view message) {
    std::unique_lock hold{lock_};
    const auto found = [&] {
      return std::find_if(all_.begin(), all_.end(), [&](const stall& each) { return each.message == message; });
    };
    news_.wait_for(hold, patience, [&] { return found() != all_.end(); });
    return found() != all_.end() ? *found() : stall{};
  }

  std::ptrdiff_t count_of(pid process) {
    const std::lock_guard hold{lock_};
    return std::count_if(all_.begin(), all_.end(), [&](const stall& each) { return each.process == process; });
  }

 private:
  std::mutex lock_;
  std::condition_variable news_;
  std::vector<stall> all_;
};

class miller : public server<miller, mill::grind, mill::sieve, mill::rest> {
 public:
  explicit miller(told_stalls* stalls) : stalls_{stalls} {}

  void handle(mill::grind /*message*/) { seen_ = stalls_->await("mill::grind"); }
  void handle(mill::sieve /*message*/) { CHECK(stalls_->await("mill::sieve").process == self()); }
  void handle(mill::rest /*message*/) {
    receive([](int) {});  // waits inside a handler, which keeps no thread
  }
  void terminate(const exit_reason& /*reason*/) {
    CHECK(seen_.process == self());
    CHECK(seen_.name == "mill");
    CHECK(seen_.initial_call.find("miller") != std::string::npos);
    CHECK(seen_.time >= 1ms);
  }

 private:
  told_stalls* stalls_;
  stall seen_;
};

template <class Body>
void with_stalls(Body body) {
  for (const unsigned threads : {1U, 4U}) {
    told_stalls stalls;
    in_runtime({.threads = threads, .on_stall = [&stalls](const stall& told) { stalls(told); }, .stall_after = 1ms},
               [&] { body(stalls); });
  }
}

}  // namespace

TEST_SUITE("stall") {
  TEST_CASE("a handler that keeps its thread is told of, with its process, its name and its message") {
    with_stalls([](told_stalls& stalls) {
      const pid slow = start<miller>({.name = "mill"}, &stalls).process();
      cast(slow, mill::grind{});
      stop_server(slow);
    });
  }

  TEST_CASE("each message is a step of its own, also of those that are handled in one turn") {
    with_stalls([](told_stalls& stalls) {
      const pid slow = start<miller>({.name = "mill"}, &stalls).process();
      cast(slow, mill::grind{});
      cast(slow, mill::sieve{});
      stop_server(slow);
    });
  }

  TEST_CASE("a process that computes after it has taken a message is told of too") {
    with_stalls([](told_stalls& stalls) {
      const spawned slow = spawn_monitor(
          [&stalls] { receive([&stalls](mill::grind) { CHECK(stalls.await("mill::grind").process == self()); }); });
      send(slow.process, mill::grind{});
      CHECK(reason_of(slow).is_normal());
    });
  }

  // What is told of it before it waits, on a busy machine, is true.
  TEST_CASE("who waits in its handler keeps no thread, and is not told of") {
    with_stalls([](told_stalls& stalls) {
      const pid waits = start<miller>({.name = "rests"}, &stalls).process();
      cast(waits, mill::rest{});
      while (!detail::is_busy(waits) || process_info(waits, info::status)->status != process_status::waiting)
        sleep(1ms);
      const auto keep_a_thread = [&stalls](std::string_view message, auto sent) {
        const spawned slow = spawn_monitor(
            [&stalls, message] { receive([&](decltype(sent)) { CHECK(stalls.await(message).process == self()); }); });
        send(slow.process, sent);
        reason_of(slow);
      };
      keep_a_thread("mill::grind", mill::grind{});
      const auto before = stalls.count_of(waits);
      keep_a_thread("mill::sieve", mill::sieve{});
      CHECK(stalls.count_of(waits) == before);
      exit(waits, exit_reason::kill());
      await_end_of(waits);
    });
  }

  TEST_CASE("a stall in words") {
    stall told{.process = {}, .name = "mill", .initial_call = "miller", .message = "mill::grind", .time = 120ms};
    CHECK(to_string(told) == "has been handling mill::grind for 120 ms without a wait");
    told.message.clear();
    CHECK(to_string(told) == "has been running for 120 ms without a wait");
  }
}
