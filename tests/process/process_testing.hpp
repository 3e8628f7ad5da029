#pragma once

// What the tests of processes share.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/exit.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/type_name.hpp>

namespace coppice::testing {

/// How long a test waits for what must come. Reached by a test that fails, never by one that passes.
inline constexpr std::chrono::seconds patience{60};

/// Under a sanitizer all takes ten times as long and more: then it is enough to do a thing less often.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

/// Keeps what is reported, instead of writing it to standard error.
class captured_log {
 public:
  captured_log() {
    set_log_handler([this](const log_record& reported) {
      const std::lock_guard hold{lock_};
      records_.push_back(reported);
    });
  }
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;
  ~captured_log() { set_log_handler({}); }

  std::vector<log_record> records() const {
    const std::lock_guard hold{lock_};
    return records_;
  }

  /// All texts, one after the other.
  std::string text() const {
    std::string all;
    for (const auto& each : records()) all += each.text + '\n';
    return all;
  }

  bool tells(std::string_view what) const { return text().find(what) != std::string::npos; }

 private:
  mutable std::mutex lock_;
  std::vector<log_record> records_;
};

/// Seeds of the scheduler's choice of who runs next: what does not depend on an order has to hold under each.
inline constexpr std::array<std::uint64_t, 3> seeds{1, 2, 3};

inline std::string turns_of(const runtime_options& options) {
  return options.seed ? "drawn with seed " + std::to_string(*options.seed) : "first come, first served";
}

/// Runs `body` as main of a runtime, and fails with what was reported if it crashes.
template <class Body>
void in_runtime(const runtime_options& options, Body body) {
  INFO(options.threads << " threads, turns " << turns_of(options));
  const captured_log log;
  const int status = run(body, options);
  CHECK_MESSAGE(status == 0, "main crashed: " << log.text());
}

/// The same on one scheduler thread, first come, first served and with seeds, and again on four threads.
template <class Body>
void on_one_thread_and_on_four(Body body) {
  in_runtime({.threads = 1}, body);
  for (const std::uint64_t seed : seeds) in_runtime({.threads = 1, .seed = seed}, body);
  in_runtime({.threads = 4}, body);
}

template <class Body>
void in_virtual_time(Body body) {
  in_runtime({.threads = 1, .virtual_time = true}, body);
  for (const std::uint64_t seed : seeds) in_runtime({.threads = 1, .virtual_time = true, .seed = seed}, body);
}

/// The first T in the queue, waiting for it.
template <class T>
T next() {
  return receive([](T& found) { return std::move(found); }, after(patience, []() -> T {
                   throw std::runtime_error{"no " + std::string{type_name<T>()} + " came"};
                 }));
}

/// Whether a T lies in the queue. It is taken out.
template <class T>
bool has_queued() {
  return receive([](T&) { return true; }, after(std::chrono::seconds{0}, [] { return false; }));
}

/// The reason in the `down` of that monitor, waiting for it.
inline exit_reason reason_of(reference monitored) {
  return receive(
      when([monitored](const down& ended) { return ended.ref == monitored; }, [](down& ended) { return ended.reason; }),
      after(patience, []() -> exit_reason { throw std::runtime_error{"no DOWN came"}; }));
}

inline exit_reason reason_of(const spawned& process) {
  return reason_of(process.ref);
}

/// The reason with which a process that runs `body` ends.
template <class Body>
exit_reason reason_of_end(Body body) {
  return reason_of(spawn_monitor(std::move(body)));
}

/// Waits until `process` has ended and everybody has been told.
inline void await_end_of(pid process) {
  reason_of(monitor(process));
}

/// The pid of a process that has ended.
inline pid dead_process() {
  const spawned brief = spawn_monitor([] {});
  reason_of(brief);
  return brief.process;
}

struct ping {
  pid from;
};
struct pong {
  pid from;
};

/// Answers each `ping` with a `pong`, for ever.
inline void echo_loop() {
  for (;;) receive([](ping asked) { send(asked.from, pong{self()}); });
}

/// Whether a process with `echo_loop` still answers, after all that the caller has sent it before.
inline bool answers(pid echo) {
  const reference watched = monitor(echo);
  send(echo, ping{self()});
  const bool answered =
      receive(when([echo](const pong& said) { return said.from == echo; }, [](pong&) { return true; }),
              when([watched](const down& ended) { return ended.ref == watched; }, [](down&) { return false; }),
              after(patience, []() -> bool { throw std::runtime_error{"neither a pong nor a DOWN came"}; }));
  demonitor(watched, {.flush = true});
  return answered;
}

/// Whether `call` throws `error` with that name.
template <class Call>
bool fails_with(std::string_view name, Call call) {
  try {
    call();
  } catch (const error& caught) {
    return caught.reason() == exit_reason{name};
  }
  return false;
}

}  // namespace coppice::testing
