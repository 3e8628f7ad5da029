#include <cmath>
#include <fstream>
#include <limits>
#include <string>

#include <coppice/scheduling/near_clock.hpp>

namespace coppice::scheduling {

namespace {

constexpr std::int64_t look_after_ns = 200'000;
// What the reading of a counter may be off: by what the processor does in another order than the program says.
constexpr std::int64_t margin_ns = 500;
// A look during which more ticks pass was interrupted. At the slowest rate they are less than a microsecond.
constexpr std::uint64_t longest_look = 1024;
// The length of a tick is measured over at least and at most so long.
constexpr std::int64_t shortest_measure_ns = 2'000'000;
constexpr std::int64_t longest_measure_ns = 100'000'000;
// The length of a tick is known to this, as a part of it, while the system adjusts its clock by half as much at most.
constexpr double precision = 1.0 / 512;
constexpr double shortest_tick_ns = 0.1;
constexpr double longest_tick_ns = 1.0;

// Then what the system does to trust it holds for us as well: all processors count alike and at one rate.
bool system_counts_ticks() {
#if defined(__x86_64__) && defined(__linux__)
  static const bool counts = [] {
    std::ifstream file{"/sys/devices/system/clocksource/clocksource0/current_clocksource"};
    std::string name;
    return file >> name && name == "tsc";
  }();
  return counts;
#else
  return false;
#endif
}

}  // namespace

near_clock::near_clock(const clock& exact, bool real) noexcept
    : last_ns_{std::numeric_limits<std::int64_t>::min()}, exact_{exact}, counts_{real && system_counts_ticks()} {
  look();
}

time_point near_clock::look() noexcept {
  const std::uint64_t before = ticks();
  const time_point read = exact_.now();
  if (!counts_) return read;
  const std::int64_t ns = read.time_since_epoch().count();
  good_for_ = 0;
  if (ticks() - before <= longest_look) {
    measure(before, ns);
    if (tick_ns_ != 0) {
      tick_ = before;
      at_ns_ = ns + margin_ns;
      rate_ =
          static_cast<std::uint64_t>(tick_ns_ * (1 + precision) * static_cast<double>(std::uint64_t{1} << rate_shift));
      good_for_ = static_cast<std::uint64_t>(static_cast<double>(look_after_ns) / tick_ns_);
    }
  }
  last_ns_ = std::max(last_ns_, ns);
  return time_point{std::chrono::nanoseconds{last_ns_}};
}

void near_clock::measure(std::uint64_t tick, std::int64_t ns) noexcept {
  const std::int64_t passed_ns = ns - first_ns_;
  if (first_tick_ != 0 && tick > first_tick_ && passed_ns < shortest_measure_ns) return;
  const double found = static_cast<double>(passed_ns) / static_cast<double>(tick - first_tick_);
  // Not the counter that it was, as after a sleep of the machine: all begins anew.
  const bool is_odd = first_tick_ == 0 || tick <= first_tick_ || found < shortest_tick_ns || found > longest_tick_ns ||
                      (tick_ns_ != 0 && std::abs(found / tick_ns_ - 1) > precision / 2);
  tick_ns_ = is_odd ? 0 : found;
  if (is_odd || passed_ns > longest_measure_ns) {
    first_tick_ = tick;
    first_ns_ = ns;
  }
}

}  // namespace coppice::scheduling
