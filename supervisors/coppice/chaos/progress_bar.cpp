#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/progress_bar.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

constexpr std::size_t longest_bar = 30;
constexpr std::size_t shortest_bar = 8;
constexpr std::size_t frame = 2;  // Its brackets.

std::string seconds_text(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds >= 3600) return fmt::format("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
  if (seconds >= 60) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} s", seconds);
}

unsigned per_cent(const chaos_progress& of) {
  if (of.total <= std::chrono::nanoseconds{0}) return 0;
  const double share = static_cast<double>(of.done.count()) / static_cast<double>(of.total.count());
  return static_cast<unsigned>(std::clamp(share, 0.0, 1.0) * 100);
}

std::string bar(const chaos_progress& of, std::size_t inside) {
  const std::size_t filled = inside * per_cent(of) / 100;
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(inside - filled, '.'));
}

}  // namespace

std::string progress_bar(const chaos_progress& progress, std::size_t width) {
  const bool has_end = progress.total > std::chrono::nanoseconds{0};
  const std::string mode = progress.is_virtual ? "virtual" : "real";
  struct part {
    std::string text;
    int importance;  // The greatest stays longest.
  };
  std::vector<part> parts;
  if (has_end) parts.push_back({fmt::format("{:3} %", per_cent(progress)), 5});
  parts.push_back({has_end ? fmt::format("{} of {} {}", seconds_text(progress.done), seconds_text(progress.total), mode)
                           : fmt::format("{} {}", seconds_text(progress.done), mode),
                   1});
  parts.push_back({fmt::format("{} hit{}", detail::grouped(progress.hits), progress.hits == 1 ? "" : "s"), 4});
  parts.push_back(
      {fmt::format("{} restart{}", detail::grouped(progress.restarts), progress.restarts == 1 ? "" : "s"), 2});
  parts.push_back(
      {fmt::format("{} of {} alive", detail::grouped(progress.alive), detail::grouped(progress.expected)), 3});

  const auto joined = [&parts] {
    std::string text;
    for (const auto& each : parts) text += (text.empty() ? "" : "  ") + each.text;
    return text;
  };
  const std::size_t bar_room = has_end ? frame + shortest_bar + 2 : 0;
  std::string text = joined();
  while (parts.size() > 1 && text.size() + bar_room > width) {
    parts.erase(std::min_element(parts.begin(), parts.end(), [](const part& left, const part& right) {
      return left.importance < right.importance;
    }));
    text = joined();
  }
  if (text.size() > width) return {};
  if (!has_end || text.size() + bar_room > width) return text;
  return bar(progress, std::min(longest_bar, width - text.size() - frame - 2)) + "  " + text;
}

}  // namespace coppice
