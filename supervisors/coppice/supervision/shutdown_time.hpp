#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>

#include <coppice/supervision/child_type.hpp>

namespace coppice {

/// How long a child may take to end after the exit signal `shutdown`, before it is killed (S88).
///
///     shutdown_time grace = std::chrono::milliseconds{5000};
///     shutdown_time at_once = shutdown_time::brutal_kill();
class shutdown_time {
 public:
  /// `limit`, 0 or more: `shutdown`, and after that time `kill`. 0 means both at once (S88).
  constexpr shutdown_time(std::chrono::milliseconds limit) noexcept
      : ms_{limit.count()} {}  // NOLINT(google-explicit-constructor)

  /// `kill` at once, without asking.
  static constexpr shutdown_time brutal_kill() noexcept { return shutdown_time{std::chrono::milliseconds{kill_}}; }

  /// Wait for as long as it takes.
  static constexpr shutdown_time infinity() noexcept { return shutdown_time{std::chrono::milliseconds{infinite_}}; }

  /// OTP's defaults (S82): 5 s for a worker, no limit for a supervisor.
  static constexpr shutdown_time default_of(child_type type) noexcept {
    return type == child_type::worker ? shutdown_time{std::chrono::milliseconds{5000}} : infinity();
  }

  constexpr bool is_brutal_kill() const noexcept { return ms_ == kill_; }
  constexpr bool is_infinity() const noexcept { return ms_ == infinite_; }

  /// The limit. Only where it is neither `brutal_kill` nor `infinity`.
  constexpr std::chrono::milliseconds limit() const noexcept { return std::chrono::milliseconds{ms_}; }

  friend constexpr bool operator==(shutdown_time, shutdown_time) noexcept = default;

 private:
  // Not among the times that a mistake makes: a negative limit is one, and is to be refused. The constant `infinity`,
  // which is the longest time there is, means the same here as everywhere.
  static constexpr std::int64_t kill_ = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t infinite_ = std::numeric_limits<std::int64_t>::max();

  std::int64_t ms_;
};

/// `brutal_kill`, `infinity` or the milliseconds, as the JSON tree writes them.
inline std::string to_string(shutdown_time value) {
  if (value.is_brutal_kill()) return "brutal_kill";
  if (value.is_infinity()) return "infinity";
  return std::to_string(value.limit().count());
}

}  // namespace coppice
