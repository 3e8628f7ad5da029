#pragma once

#include <cstdint>
#include <limits>

namespace coppice {

/// A random number of 64 bits: from the runtime's seed if it has one (then the same in each run, as turns are), in
/// virtual time without a seed always the same, otherwise from the system. Not for secrets.
/// Threads: any, while a runtime runs; throws std::logic_error otherwise.
std::uint64_t draw();

/// A random number from 0 to `limit - 1`, each as likely. Throws std::invalid_argument for 0.
std::uint64_t draw_below(std::uint64_t limit);

/// `draw` for the algorithms of the standard library: `std::shuffle(first, last, random_bits{})`. Its distributions
/// draw the same numbers with the same library only.
struct random_bits {
  using result_type = std::uint64_t;
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }
  result_type operator()() const { return draw(); }
};

/// A fresh seed, from the system's entropy: different each time. Below 2^32, so that people can read it out.
std::uint64_t random_seed();

}  // namespace coppice
