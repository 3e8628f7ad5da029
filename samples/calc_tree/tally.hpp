#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "felling_plan.hpp"

namespace calc_tree {

/// What came of the fellings, and whether all is well.
class tally {
 public:
  void cut(cut_kind kind) { ++of(kind).cuts; }
  /// A process that was cut, or went with one, answers again.
  void recovered(cut_kind kind, std::chrono::nanoseconds after) { of(kind).recoveries.push_back(after); }
  void restarted(cut_kind kind, std::size_t processes) { of(kind).restarts += processes; }
  void wrong(std::string what) { wrong_.push_back(std::move(what)); }

  std::uint64_t cuts() const noexcept;
  std::uint64_t restarts() const noexcept;
  const std::vector<std::string>& faults() const noexcept { return wrong_; }

  /// A table: each kind with its cuts, restarts and times to recovery.
  std::string table() const;

 private:
  struct of_kind {
    std::uint64_t cuts = 0;
    std::uint64_t restarts = 0;
    std::vector<std::chrono::nanoseconds> recoveries;
  };

  of_kind& of(cut_kind kind) noexcept { return kinds_[static_cast<std::size_t>(kind)]; }
  static std::string row(std::string_view name, const of_kind& kind);

  std::array<of_kind, cut_kinds> kinds_;
  std::vector<std::string> wrong_;
};

/// `0.12 ms`.
std::string milliseconds(std::chrono::nanoseconds time);

/// `9,120`.
std::string grouped(std::uint64_t number);

}  // namespace calc_tree
