#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_type.hpp>
#include <coppice/supervision/restart_type.hpp>

namespace coppice {

/// One act of harm to one process.
struct chaos_hit {
  std::chrono::nanoseconds time{0};  ///< Since the tree began to start, as all times of a record.
  std::string path;
  std::uint64_t incarnation = 0;  ///< 0: there was nobody (`fail_starts`).
  std::string way;                ///< `kill`, `crash boom`, `hang`, ...
  bool cuts = true;               ///< Whether it ends the process, or takes it out of service as a hang does.
  /// Whether it acts when it is done, and not only when something else happens, as a failing allocation does.
  bool at_once = true;
};

/// For that long a process hung, and then went on.
struct chaos_pause {
  std::chrono::nanoseconds begin{0};
  std::chrono::nanoseconds end{0};
};

/// From the start of a process of the tree to its end.
struct chaos_life {
  std::string path;
  child_type type = child_type::worker;
  std::uint64_t incarnation = 0;
  pid process;
  std::chrono::nanoseconds begin{0};
  std::optional<std::chrono::nanoseconds> end;  ///< Unset: lived at the end of the record.
  exit_reason reason;                           ///< Of its end.
  /// The hit, by its index, that it ended of: its own, or that of another with which it went down.
  std::optional<std::size_t> cause;
  /// Since when it was out of service although it lived: it hung.
  std::optional<std::chrono::nanoseconds> hung;
  /// Hangs that were over while it lived; by time, and all before `hung`.
  std::vector<chaos_pause> pauses;
  /// It ended because the tree was shut down, at the end of the run.
  bool shut_down = false;
  /// What its child spec says; unset if nobody knows it, and for the root. It decides whether an end after which nobody
  /// came is an outage, or how things are meant to be.
  std::optional<restart_type> restart;
};

struct chaos_start_failure {
  std::chrono::nanoseconds time{0};
  std::string path;
  exit_reason reason;
};

/// A supervisor gave up: one more restart would have been too many.
struct chaos_give_up {
  std::chrono::nanoseconds time{0};
  std::string path;
  std::optional<std::size_t> cause;  ///< The hit, by its index.
};

/// What became of what was sent to the processes at one path.
struct chaos_traffic {
  std::uint64_t calls = 0;  ///< Of the plan's load.
  std::uint64_t calls_failed = 0;
  std::uint64_t messages_lost = 0;
};

/// All that happened to a tree in a chaos run: what reports, limits and pictures are made of.
struct chaos_record {
  std::string root;  ///< Its id.
  std::uint64_t seed = 0;
  bool is_virtual = true;
  bool interrupted = false;  ///< It was stopped before its time.
  std::chrono::nanoseconds begin{0};
  /// When the tree was told to shut down: availability is counted up to here.
  std::chrono::nanoseconds end{0};
  std::vector<chaos_hit> hits;    ///< By time.
  std::vector<chaos_life> lives;  ///< By begin.
  std::vector<chaos_start_failure> start_failures;
  std::vector<chaos_give_up> give_ups;
  std::map<std::string, chaos_traffic, std::less<>> traffic;  ///< By path.
};

/// A rule that does not hold.
struct chaos_violation {
  std::string invariant;  ///< `no two incarnations at once`
  std::string path;       ///< The child, if it is about one.
  std::string text;
  std::chrono::nanoseconds time{0};
};

}  // namespace coppice
