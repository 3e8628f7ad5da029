#pragma once

#include <cstddef>
#include <string>

namespace coppice {

/// How many objects of each kind the running runtime holds.
struct live_objects {
  std::size_t processes = 0;  ///< Control blocks: the living, and those that are just ending.
  std::size_t envelopes = 0;  ///< Messages and signals under way or in queues.
  std::size_t timers = 0;     ///< Pending; each with its message, which is no envelope yet if it is a small one.
  std::size_t links = 0;      ///< Ends of links: two for each.
  std::size_t monitors = 0;   ///< By their owners.
  std::size_t watchers = 0;   ///< The same, by the watched; calls that will be answered later count here.
  std::size_t stacks = 0;     ///< In use.
  std::size_t names = 0;      ///< Registered.

  friend bool operator==(const live_objects&, const live_objects&) = default;
};

/// `processes 3, envelopes 0, ...`.
std::string to_string(const live_objects& counted);

/// Counts them. Exact in virtual time, for the process that has its turn; while other threads run, what they do
/// meanwhile may be counted or not. Takes time in proportion to the number of processes.
/// Throws std::logic_error while no runtime runs.
live_objects count_live_objects();

}  // namespace coppice
