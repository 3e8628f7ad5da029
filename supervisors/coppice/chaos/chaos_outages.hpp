#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice {

/// A time in which a process of the tree was out of service.
struct chaos_outage {
  std::size_t life = 0;  ///< The one that it begins with, by its index.
  /// From when the recovery is counted: the hit, if that life itself was hit and the harm acts at once, or when it
  /// began to hang, else `begin`.
  std::chrono::nanoseconds hit{0};
  std::chrono::nanoseconds begin{0};
  /// Until when it lasted; unset: it was not over at the end of the record.
  std::optional<std::chrono::nanoseconds> end;
  /// Whether it was over because the process was back. Otherwise, if it was over, nobody was to come any more.
  bool back = false;

  std::chrono::nanoseconds recovery() const { return *end - hit; }
};

/// All outages of a record, in the order of the lives that they begin with.
///
/// One is a gap between two lives at one path, or begins when a process hangs. Where nobody came after a life it is an
/// outage if somebody was to come: after any end of a permanent child, an abnormal one of a transient child, never of a
/// temporary one; where the restart type is unknown, after an abnormal end; and, but for temporary ones, when it went
/// down with another that was hit. What happens after the record's end is none, nor is the shutdown of the tree.
std::vector<chaos_outage> find_outages(const chaos_record& record);

}  // namespace coppice
