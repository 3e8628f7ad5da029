#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <signal.h>

namespace coppice::command {

/// Keeps SIGINT and SIGTERM from all threads, while it lives, so that one thread can take them. Must be there before
/// other threads are.
class signals_kept_back {
 public:
  signals_kept_back();
  signals_kept_back(const signals_kept_back&) = delete;
  signals_kept_back& operator=(const signals_kept_back&) = delete;
  ~signals_kept_back();

  const sigset_t& which() const noexcept { return which_; }

 private:
  sigset_t which_;
  sigset_t before_;
};

/// A thread that takes SIGINT and SIGTERM. Signals that arrive together are one (`signal_count`). It is no process and
/// needs none: it also works when all processes are stuck.
class signal_thread {
 public:
  struct reactions {
    std::function<void(int number)> first;   ///< The first signal.
    std::function<void(int number)> second;  ///< The second signal; it need not return.
    std::function<void()> each_second;       ///< Each second, while `tick` says so.
  };

  signal_thread(const signals_kept_back& signals, reactions react);
  signal_thread(const signal_thread&) = delete;
  signal_thread& operator=(const signal_thread&) = delete;
  ~signal_thread();

  /// Whether `each_second` is called. While it is not, the thread sleeps until a signal comes. Any thread.
  void tick(bool yes) noexcept;

 private:
  void work();
  void wake() noexcept;

  reactions react_;
  int signals_;  // a descriptor to read signals from
  int wakes_;    // one to be woken by
  std::atomic<bool> ticks_{false};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// For a second signal: ends the program with 128 + `number`, after saying so and what is lost by it
/// (`, without a report`).
[[noreturn]] void end_at_once(int number, std::string_view lost);

/// `SIGINT`.
std::string signal_name(int number);

}  // namespace coppice::command
