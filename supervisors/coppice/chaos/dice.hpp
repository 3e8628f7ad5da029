#pragma once

#include <chrono>
#include <cstdint>

namespace coppice {

/// Random numbers and times from a seed: the same in every build and on every machine, since nothing is reckoned in
/// floating point. Threads: one at a time.
class dice {
 public:
  explicit dice(std::uint64_t seed) noexcept;

  std::uint64_t draw() noexcept;

  /// From 0 to `limit - 1`, each as likely. `limit` must not be 0.
  std::uint64_t below(std::uint64_t limit) noexcept;

  /// From 0 to twice the mean, each time as likely.
  std::chrono::nanoseconds uniform(std::chrono::nanoseconds mean) noexcept;

  /// How long one waits for the next of events that are independent of each other and `mean` apart on the average.
  std::chrono::nanoseconds exponential(std::chrono::nanoseconds mean) noexcept;

 private:
  std::uint64_t state_;
};

}  // namespace coppice
