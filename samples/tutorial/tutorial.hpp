#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/process/pid.hpp>
#include <coppice/process/process_info.hpp>

/// The tutorial, chapter by chapter, as functions that print what it prints and return what can be checked. All of them
/// are for a process. Times are those of the runtime's clock, so that in virtual time they are exact.
namespace tutorial {

/// Writes whole lines, for any number of processes at once.
class console {
 public:
  explicit console(std::ostream& to) : to_{to} {}

  /// Elixir's `IO.puts`.
  void puts(std::string_view line);

  /// A line as it would be typed at Elixir's prompt.
  void prompt(std::string_view line);

 private:
  std::ostream& to_;
  std::mutex mutex_;  // guards to_; never held across a wait
};

/// What a chapter printed by itself, and how long it took.
struct timed_lines {
  std::vector<std::string> lines;
  std::chrono::nanoseconds took{};
};

/// Takes a second.
std::string sync_fn(std::string_view x);

/// Five calls of `sync_fn`, one after another: five seconds.
timed_lines run_synchronously(console& out);

/// Starts a process that prints what `sync_fn` returns.
coppice::pid async_fn(console& out, std::string x);

/// One process, and what its starter can do meanwhile.
void spawn_one(console& out);

/// Five processes at once: one second. Returns what they sent when they had printed it, in the order of arrival.
timed_lines run_concurrently(console& out);

/// `self`, `send` to oneself, and `receive`. Returns the message.
std::string send_to_self(console& out);

/// An empty mailbox and `after`: five seconds. Returns true if no message came.
bool wait_in_vain(console& out);

/// `{msg, 10}`, and what the clause makes of it.
int square_of_a_message(console& out);

/// The calculator: returns the three values viewed.
std::vector<double> calc_session(console& out);

/// What an idle pool costs.
struct idle_pool {
  std::vector<coppice::pid> pool;
  std::chrono::nanoseconds watched{};   ///< By the runtime's clock.
  std::chrono::nanoseconds cpu_time{};  ///< Of the whole program meanwhile.
  std::uint64_t reductions = 0;         ///< Messages that the whole pool handled meanwhile.
};

/// Starts 100 calculators, and watches them wait for a second.
idle_pool watch_idle_pool(console& out);

/// What `Process.info` tells.
struct look_inside {
  std::size_t memory_of_server = 0;  ///< Bytes.
  std::size_t memory_of_loop = 0;    ///< Bytes.
  coppice::process_description waiter;
};

/// Looks into a calculator that is a server, into one that is a loop, and into a process with a name, a message and a
/// link.
look_inside inspect(console& out);

/// All of it, in the tutorial's order.
void walk(console& out);

}  // namespace tutorial
