#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <span>

#include <coppice/tree/meant_amount.hpp>

namespace coppice::detail {

namespace {

struct unit {
  std::string_view name;
  double factor;
};

constexpr std::array times{
    unit{"ns", 1},        unit{"us", 1e3},      unit{"µs", 1e3},       unit{"ms", 1e6},      unit{"milliseconds", 1e6},
    unit{"s", 1e9},       unit{"sec", 1e9},     unit{"second", 1e9},   unit{"seconds", 1e9}, unit{"m", 60e9},
    unit{"min", 60e9},    unit{"minute", 60e9}, unit{"minutes", 60e9}, unit{"h", 3600e9},    unit{"hour", 3600e9},
    unit{"hours", 3600e9}};

constexpr std::array sizes{unit{"k", 1024},   unit{"K", 1024},    unit{"kB", 1024},    unit{"KB", 1024},
                           unit{"KiB", 1024}, unit{"M", 1 << 20}, unit{"MB", 1 << 20}, unit{"MiB", 1 << 20}};

std::optional<double> amount_meant(std::string_view text, std::span<const unit> units, double most) {
  double amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (error != std::errc{} || !(amount >= 0)) return std::nullopt;
  std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto found = std::find_if(units.begin(), units.end(), [rest](const unit& one) { return one.name == rest; });
  if (found == units.end() || !(amount * found->factor <= most)) return std::nullopt;
  return amount * found->factor;
}

}  // namespace

std::optional<std::uint64_t> milliseconds_meant(std::string_view text, std::uint64_t most) {
  constexpr double millisecond = 1e6;
  const auto amount = amount_meant(text, times, static_cast<double>(most) * millisecond);
  if (!amount) return std::nullopt;
  return static_cast<std::uint64_t>(*amount / millisecond);
}

std::optional<std::chrono::nanoseconds> time_meant(std::string_view text, std::chrono::nanoseconds most) {
  const auto amount = amount_meant(text, times, static_cast<double>(most.count()));
  if (!amount) return std::nullopt;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(*amount)};
}

std::optional<std::uint64_t> bytes_meant(std::string_view text, std::uint64_t most) {
  const auto amount = amount_meant(text, sizes, static_cast<double>(most));
  if (!amount) return std::nullopt;
  return static_cast<std::uint64_t>(*amount);
}

}  // namespace coppice::detail
