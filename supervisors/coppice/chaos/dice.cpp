#include <limits>

#include <coppice/chaos/dice.hpp>
#include <coppice/scheduling/splitmix.hpp>

namespace coppice {

namespace {

__extension__ using wide = unsigned __int128;

constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max();

}  // namespace

dice::dice(std::uint64_t seed) noexcept : state_{scheduling::splitmix(seed)} {}

std::uint64_t dice::draw() noexcept {
  state_ += scheduling::splitmix_step;
  return scheduling::splitmix(state_);
}

std::uint64_t dice::below(std::uint64_t limit) noexcept {
  // The numbers that would make some results likelier than others are drawn again.
  const std::uint64_t surplus = (std::numeric_limits<std::uint64_t>::max() % limit + 1) % limit;
  std::uint64_t number = draw();
  while (number > std::numeric_limits<std::uint64_t>::max() - surplus) number = draw();
  return number % limit;
}

std::chrono::nanoseconds dice::uniform(std::chrono::nanoseconds mean) noexcept {
  if (mean.count() <= 0) return std::chrono::nanoseconds{0};
  return std::chrono::nanoseconds{static_cast<std::int64_t>(below(2 * static_cast<std::uint64_t>(mean.count()) + 1))};
}

// Von Neumann's method: numbers are drawn while they fall. After an odd count the first of them is the fraction of the
// time; after an even count it is one mean later, and all begins again.
std::chrono::nanoseconds dice::exponential(std::chrono::nanoseconds mean) noexcept {
  if (mean.count() <= 0) return std::chrono::nanoseconds{0};
  const auto unit = static_cast<std::uint64_t>(mean.count());
  for (std::uint64_t whole = 0;; ++whole) {
    const std::uint64_t first = draw();
    std::uint64_t last = first;
    std::uint64_t count = 1;
    for (std::uint64_t next = draw(); next < last; next = draw()) {
      last = next;
      ++count;
    }
    if (count % 2 == 0) continue;
    const wide time = static_cast<wide>(unit) * whole + ((static_cast<wide>(unit) * first) >> 64U);
    return std::chrono::nanoseconds{
        static_cast<std::int64_t>(time > longest ? longest : static_cast<std::uint64_t>(time))};
  }
}

}  // namespace coppice
