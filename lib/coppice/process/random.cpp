#include <random>
#include <stdexcept>

#include <coppice/process/process_runtime.hpp>
#include <coppice/process/random.hpp>
#include <coppice/scheduling/splitmix.hpp>

namespace coppice {

std::uint64_t draw() {
  // One addition for all threads.
  using scheduling::splitmix_step;
  return scheduling::splitmix(detail::running_runtime().draws.fetch_add(splitmix_step, std::memory_order_relaxed) +
                              splitmix_step);
}

std::uint64_t draw_below(std::uint64_t limit) {
  if (limit == 0) throw std::invalid_argument{"coppice: draw_below: there is no number below 0"};
  // What lies above the last whole multiple would make small numbers likelier.
  const std::uint64_t excess = (std::numeric_limits<std::uint64_t>::max() % limit + 1) % limit;
  for (;;) {
    const std::uint64_t drawn = draw();
    if (drawn <= std::numeric_limits<std::uint64_t>::max() - excess) return drawn % limit;
  }
}

std::uint64_t random_seed() {
  return std::random_device{}();
}

namespace detail {

std::uint64_t first_draw(const runtime_options& options) {
  // Not the numbers that choose who runs next.
  constexpr std::uint64_t apart = 0x6A09E667F3BCC909U;
  if (options.seed) return *options.seed ^ apart;
  if (options.virtual_time) return apart;
  return random_seed() << 32U ^ random_seed();
}

}  // namespace detail

}  // namespace coppice
