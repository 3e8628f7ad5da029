#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <coppice/chaos/chaos_progress.hpp>

namespace coppice {

/// One line without a line feed, at most `width` characters, ASCII only:
/// `[#######.............]  35 %  21.0 s of 60 s virtual  350 hits  348 restarts  99 of 101 alive`.
/// Where there is less room the bar becomes shorter, then the times, the restarts and the rest go.
std::string progress_bar(const chaos_progress& progress, std::size_t width);

}  // namespace coppice
