#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_type.hpp>

namespace coppice {

/// Something that happened to a process of a tree.
struct tree_event {
  enum class kind : unsigned char {
    started,        ///< A process has started successfully.
    start_failed,   ///< An attempt to start one failed.
    exited,         ///< One that had started has ended, for whatever cause.
    restart_limit,  ///< A supervisor gives up.
  };

  kind what;
  std::string path;                      ///< Ids from the root on, joined by `/`.
  std::uint64_t incarnation = 0;         ///< Of `started` and `exited`: counts the `started` of a path, from 1.
  exit_reason reason;                    ///< Of `start_failed` and `exited`.
  pid process;                           ///< Of `started` and `exited`.
  child_type type = child_type::worker;  ///< Of `started` and `exited`.
  std::chrono::nanoseconds time{0};      ///< By the runtime's clock.
};

/// As a line: `started root/a 1`, `start_failed root/a boom`, `exited root/a 1 boom`, `restart_limit root`.
std::string to_string(const tree_event&);

}  // namespace coppice
