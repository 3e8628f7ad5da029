#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace coppice {

/// How far a chaos run is.
struct chaos_progress {
  std::chrono::nanoseconds done{0};
  std::chrono::nanoseconds total{0};  ///< Of the plan; 0 if nobody knows.
  bool is_virtual = true;
  std::uint64_t cuts = 0;
  std::uint64_t restarts = 0;
  std::uint64_t alive = 0;
  std::uint64_t expected = 0;  ///< How many live when all is well.
};

/// One line without a line feed, at most `width` characters, ASCII only:
/// `[#######.............]  35 %  21.0 s of 60 s virtual  350 cuts  348 restarts  99 of 101 alive`.
/// Where there is less room the bar becomes shorter, then the times, the restarts and the rest go.
std::string progress_bar(const chaos_progress& progress, std::size_t width);

}  // namespace coppice
