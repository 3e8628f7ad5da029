#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>

#include <coppice/chaos/chaos_progress.hpp>

namespace coppice::command {

/// The last line of a terminal, for how far something is: on standard error, ten times a second at most. Nothing where
/// that is no terminal. Threads: any.
class progress_line {
 public:
  progress_line();
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line();

  void show(const chaos_progress& now);
  /// `[####....]  40 %  1,200 of 3,000 runs`.
  void show(std::size_t done, std::size_t all, std::string_view of);
  /// Takes the line away.
  void clear();

 private:
  // Whether it is time for another one; `width` is the terminal's.
  bool is_time(std::size_t& width);
  void write(const std::string& line);

  bool is_terminal_;
  std::mutex lock_;
  std::chrono::steady_clock::time_point last_{};
  bool is_shown_ = false;
};

}  // namespace coppice::command
