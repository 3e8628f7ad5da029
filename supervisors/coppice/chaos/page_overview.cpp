#include <algorithm>
#include <cstddef>
#include <map>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/harm_kinds.hpp>
#include <coppice/chaos/page_overview.hpp>

namespace coppice::detail {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t slices = 400;
// Of the picture, in its own units: the curve above, the hits below.
constexpr double curve_top = 3;
constexpr double curve_bottom = 52;
constexpr double bars_top = 57;
constexpr double bars_bottom = 89;
constexpr std::size_t colours = 10;

class overview_drawing {
 public:
  explicit overview_drawing(const chaos_record& record)
      : record_{record}, span_{std::max(record.end - record.begin, nanoseconds{1})}, lowest_(slices), hits_(slices) {}

  page_overview draw() {
    made_.slice = span_ / static_cast<std::int64_t>(slices);
    count_service();
    count_hits();
    made_.svg = fmt::format(
        R"(<svg viewBox="0 0 {} 90" preserveAspectRatio="none" role="img" aria-label="Processes in service and hits over time">)",
        slices);
    draw_curve();
    draw_bars();
    draw_give_ups();
    made_.svg += "</svg>";
    return std::move(made_);
  }

 private:
  double position(nanoseconds time) const {
    const double share = static_cast<double>((time - record_.begin).count()) / static_cast<double>(span_.count());
    return std::clamp(share, 0.0, 1.0) * static_cast<double>(slices);
  }

  std::size_t slice_of(nanoseconds time) const {
    return std::min(static_cast<std::size_t>(position(time)), slices - 1);
  }

  void count_service() {
    // At one moment who comes counts before who goes, so that nobody is missed who was replaced at once.
    std::map<std::pair<nanoseconds, int>, std::int64_t> changes;
    const auto serves = [&](nanoseconds from, nanoseconds until) {
      if (from >= until) return;
      ++changes[{from, 0}];
      ++changes[{until, 1}];
    };
    for (const auto& life : record_.lives) {
      nanoseconds until = std::min(life.end.value_or(record_.end), record_.end);
      if (life.hung) until = std::min(until, *life.hung);
      nanoseconds from = life.begin;
      for (const auto& pause : life.pauses) {
        serves(from, std::min(pause.begin, until));
        from = pause.end;
      }
      serves(from, until);
    }
    std::fill(lowest_.begin(), lowest_.end(), -1);
    std::int64_t now = 0;
    std::size_t slice = 0;
    const auto note = [&] { lowest_[slice] = lowest_[slice] < 0 ? now : std::min(lowest_[slice], now); };
    for (const auto& [when, number] : changes) {
      if (when.first >= record_.end) break;
      for (const std::size_t there = slice_of(when.first); slice < there;) {
        note();
        ++slice;
        lowest_[slice] = now;
      }
      now += when.second == 0 ? number : -number;
      made_.most_in_service = std::max(made_.most_in_service, static_cast<std::uint64_t>(now));
      // While the tree grows for the first time there is nobody to be missed.
      if (when.second == 1 || slice > 0) note();
    }
    note();
    for (; slice + 1 < slices; ++slice) lowest_[slice + 1] = now;
    for (auto& each : lowest_) each = std::max<std::int64_t>(each, 0);
    made_.least_in_service = static_cast<std::uint64_t>(*std::min_element(lowest_.begin(), lowest_.end()));
  }

  void count_hits() {
    std::unordered_map<std::string_view, std::size_t> colour;
    const std::vector<harm_kind> kinds = harm_kinds(record_);
    for (const auto& each : kinds) colour.emplace(each.name, each.colour % colours);
    for (const auto& each : record_.hits) {
      std::vector<std::uint64_t>& slice = hits_[slice_of(each.time)];
      slice.resize(colours);
      ++slice[colour[kind_of_way(each.way)]];
    }
    for (const auto& slice : hits_) {
      std::uint64_t sum = 0;
      for (const std::uint64_t each : slice) sum += each;
      made_.most_hits = std::max(made_.most_hits, sum);
    }
  }

  // The dips are what matters: they get half of the height, however few are missing of however many.
  void draw_curve() {
    const std::uint64_t dip = made_.most_in_service - std::min(made_.least_in_service, made_.most_in_service);
    made_.scale_begin = made_.least_in_service > dip ? made_.least_in_service - dip : 0;
    const auto height = static_cast<double>(std::max<std::uint64_t>(made_.most_in_service - made_.scale_begin, 1));
    const auto y = [&](std::int64_t number) {
      const double above = static_cast<double>(number) - static_cast<double>(made_.scale_begin);
      return curve_bottom - std::max(above, 0.0) / height * (curve_bottom - curve_top);
    };
    made_.svg += fmt::format(R"(<rect class="o" x="0" y="{:.2f}" width="{}" height="{:.2f}"/>)", curve_top, slices,
                             curve_bottom - curve_top);
    std::string path = fmt::format("M0 {:.2f}", curve_bottom);
    for (std::size_t i = 0; i < slices; ++i) path += fmt::format("V{:.2f}H{}", y(lowest_[i]), i + 1);
    made_.svg += fmt::format(R"(<path class="l" d="{}V{:.2f}Z"/>)", path, curve_bottom);
  }

  void draw_bars() {
    if (made_.most_hits == 0) return;
    const double unit = (bars_bottom - bars_top) / static_cast<double>(made_.most_hits);
    for (std::size_t i = 0; i < slices; ++i) {
      double top = bars_bottom;
      for (std::size_t colour = 0; colour < hits_[i].size(); ++colour) {
        if (hits_[i][colour] == 0) continue;
        const double height = unit * static_cast<double>(hits_[i][colour]);
        top -= height;
        made_.svg +=
            fmt::format(R"(<rect class="w{}" x="{}" y="{:.2f}" width="1" height="{:.2f}"/>)", colour, i, top, height);
      }
    }
  }

  void draw_give_ups() {
    std::vector<bool> gave_up(slices);
    for (const auto& each : record_.give_ups) gave_up[slice_of(each.time)] = true;
    // A few go through all of the picture; many would hide it.
    const bool few = std::count(gave_up.begin(), gave_up.end(), true) <= 30;
    for (std::size_t i = 0; i < slices; ++i) {
      if (gave_up[i]) made_.svg += fmt::format(R"(<path class="u" d="M{}.5 {}V{}"/>)", i, few ? 0 : 48, few ? 90 : 56);
    }
  }

  const chaos_record& record_;
  nanoseconds span_;
  std::vector<std::int64_t> lowest_;              // In service, in each slice.
  std::vector<std::vector<std::uint64_t>> hits_;  // In each slice, by colour.
  page_overview made_;
};

}  // namespace

page_overview draw_overview(const chaos_record& record) {
  return overview_drawing{record}.draw();
}

}  // namespace coppice::detail
