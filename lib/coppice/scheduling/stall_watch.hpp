#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <coppice/scheduling/clock.hpp>

namespace coppice::scheduling {

class runnable;

/// What a scheduler thread is seen to do.
struct glimpse {
  const runnable* running = nullptr;  // who has its turn, maybe gone by now; null: nobody
  std::uint32_t turn = 0;             // which turn of the thread
  std::uint64_t step = 0;             // how far whoever has it has come, in a number that changes with each step

  friend bool operator==(const glimpse&, const glimpse&) = default;
};

/// Learns from glimpses of one scheduler thread, taken now and then, that a step takes too long.
///
/// A step is at least as long as it was seen; so what is told is true, and comes at most an interval of two glimpses
/// late. Each such step is told of once.
class stall_watch {
 public:
  explicit stall_watch(std::chrono::nanoseconds limit) noexcept : limit_{limit} {}

  /// How long the step has been going on, when it has just been seen to take too long.
  std::optional<std::chrono::nanoseconds> look(const glimpse& seen, time_point now) noexcept {
    if (seen != last_) {
      last_ = seen;
      since_ = now;
      is_told_ = false;
      return std::nullopt;
    }
    if (seen.running == nullptr || is_told_ || now - since_ < limit_) return std::nullopt;
    is_told_ = true;
    return now - since_;
  }

 private:
  std::chrono::nanoseconds limit_;
  glimpse last_;
  time_point since_;
  bool is_told_ = false;
};

}  // namespace coppice::scheduling
