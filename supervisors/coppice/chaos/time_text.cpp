#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include <coppice/chaos/time_text.hpp>

namespace coppice::detail {

namespace {

// `count` thousandths of the unit, cut after three digits.
std::string three_digits(std::int64_t count, std::string_view unit) {
  const std::int64_t whole = count / 1000;
  const std::int64_t rest = count % 1000;
  if (whole >= 100 || rest == 0) return fmt::format("{} {}", whole, unit);
  if (whole >= 10) return fmt::format("{}.{} {}", whole, rest / 100, unit);
  return fmt::format("{}.{:02} {}", whole, rest / 10, unit);
}

}  // namespace

std::string time_text(std::chrono::nanoseconds time) {
  const std::int64_t ns = time.count();
  if (ns < 0) return "-" + time_text(-time);
  if (ns == 0) return "0 s";
  if (ns < 1'000) return fmt::format("{} ns", ns);
  if (ns < 1'000'000) return three_digits(ns, "µs");
  if (ns < 1'000'000'000) return three_digits(ns / 1'000, "ms");
  const std::int64_t seconds = ns / 1'000'000'000;
  if (seconds < 60) return three_digits(ns / 1'000'000, "s");
  const auto pair = [](std::int64_t large, std::string_view unit, std::int64_t small, std::string_view small_unit) {
    return small == 0 ? fmt::format("{} {}", large, unit) : fmt::format("{} {} {} {}", large, unit, small, small_unit);
  };
  if (seconds < 3600) return pair(seconds / 60, "min", seconds % 60, "s");
  return pair(seconds / 3600, "h", seconds % 3600 / 60, "min");
}

std::string exact_ms_text(std::chrono::nanoseconds time) {
  const std::int64_t ns = time.count();
  std::string digits = fmt::format("{}.{:06}", ns / 1'000'000, ns % 1'000'000);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  return digits + " ms";
}

std::string per_cent_text(double value) {
  if (value >= 100) return "100 %";
  // A value that has four digits may stand a hair below them.
  return fmt::format("{:.4f} %", std::min(std::floor(value * 1e4 + 1e-6), 999'999.0) / 1e4);
}

}  // namespace coppice::detail
