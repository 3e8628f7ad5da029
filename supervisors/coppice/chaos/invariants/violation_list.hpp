#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice {

/// The rules found broken: the first ones of each invariant with what is to be said of them, the rest as a number.
class violation_list {
 public:
  explicit violation_list(std::size_t most_of_each) : most_of_each_{most_of_each} {}

  void set_time(std::chrono::nanoseconds now) noexcept { now_ = now; }
  void add(std::string_view invariant, std::string_view path, std::string text);

  const std::vector<chaos_violation>& kept() const noexcept { return kept_; }
  std::uint64_t count() const noexcept { return count_; }
  /// How many of each invariant that was broken.
  const std::map<std::string, std::uint64_t, std::less<>>& counts() const noexcept { return counts_; }

 private:
  std::size_t most_of_each_;
  std::chrono::nanoseconds now_{0};
  std::vector<chaos_violation> kept_;
  std::map<std::string, std::uint64_t, std::less<>> counts_;
  std::uint64_t count_ = 0;
};

}  // namespace coppice
