#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/supervision/child_type.hpp>

namespace coppice {

/// What a chaos run did to one child, or to all of them.
struct child_figures {
  std::string path;  ///< `all` in the sum.
  child_type type = child_type::worker;

  std::uint64_t hits = 0;      ///< Harm of any kind.
  std::uint64_t cuts = 0;      ///< Hits that end a process, or take it out of service.
  std::uint64_t restarts = 0;  ///< Lives after the first.

  // From the hit to the begin of the next life; in a life that was not hit itself, from its end. Exact, by nearest
  // rank.
  std::uint64_t recoveries = 0;
  std::optional<std::chrono::nanoseconds> recovery_median;
  std::optional<std::chrono::nanoseconds> recovery_p99;
  std::optional<std::chrono::nanoseconds> recovery_max;
  std::uint64_t not_back = 0;  ///< Outages that were not over at the end: 0 or 1 for a child.

  std::chrono::nanoseconds expected{0};        ///< From its first begin to the end of the record.
  std::chrono::nanoseconds out_of_service{0};  ///< Of that.

  std::uint64_t calls = 0;
  std::uint64_t calls_failed = 0;
  std::uint64_t messages_lost = 0;

  // How many other lives ended because of one cut here.
  std::uint64_t blast_max = 0;
  std::uint64_t blast_sum = 0;

  std::uint64_t give_ups = 0;
  std::uint64_t start_failures = 0;

  /// Per cent of the time in which it was expected. Unset for one that never lived.
  std::optional<double> availability() const noexcept;

  /// Of all cuts; 0 without any.
  double blast_mean() const noexcept;
};

struct chaos_figures {
  std::vector<child_figures>
      children;  ///< In the order of the tree: a supervisor before its children, these as started.
  /// The sum of all, with the percentiles and the maximum of all recoveries and all cuts together.
  child_figures all;
};

/// Takes a time in proportion to the record, but for sorting.
chaos_figures compute_figures(const chaos_record& record);

/// The smallest of the values that at least `per_cent` in a hundred do not exceed. They must be sorted, and not empty.
std::chrono::nanoseconds nearest_rank(const std::vector<std::chrono::nanoseconds>& sorted, unsigned per_cent);

}  // namespace coppice
