#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include <coppice/command/output.hpp>
#include <coppice/command/tree_display.hpp>
#include <coppice/telemetry/tree_event.hpp>

namespace coppice::command {

/// Writes what happens, in order, on a thread of its own, so that no process waits for a terminal, a pipe or a disk.
///
/// When what it writes to takes no more, it says so on standard error and calls `on_fault`, once, on its thread. What
/// follows is dropped.
///
/// Threads: any may hand things over; that takes a short lock and never waits for the writing.
class printer {
 public:
  struct places {
    output& screen;  ///< Lines for people.
    output* trace;   ///< JSON lines; may be null.
  };

  printer(places to, tree_display display, std::function<void()> on_fault);
  printer(const printer&) = delete;
  printer& operator=(const printer&) = delete;
  ~printer();

  void event(const tree_event& happened);
  /// A line of the program's own among the events.
  void line(std::chrono::nanoseconds time, std::string word, std::string text);
  /// Lines for standard error.
  void complaint(std::string lines);
  /// A line for the trace alone.
  void trace(std::string line);

  /// Waits until everything is written. False when something could not be. Nothing may be handed over afterwards.
  bool finish() noexcept;

 private:
  struct own_line {
    std::chrono::nanoseconds time;
    std::string word;
    std::string text;
  };
  struct error_lines {
    std::string lines;
  };
  struct trace_text {
    std::string line;
  };
  using item = std::variant<tree_event, own_line, error_lines, trace_text>;

  void add(item next);
  void work();
  void write(const std::vector<item>& batch);
  void show(std::string_view lines);
  void check(output& written);

  places to_;
  tree_display display_;
  std::function<void()> on_fault_;
  bool has_told_ = false;

  std::mutex lock_;  // of what follows
  std::condition_variable changed_;
  std::vector<item> waiting_;
  bool finishing_ = false;

  std::thread thread_;
};

}  // namespace coppice::command
