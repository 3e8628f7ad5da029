#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include <coppice/chaos/chaos_outages.hpp>
#include <coppice/chaos/limits_check.hpp>
#include <coppice/chaos/time_in_outages.hpp>
#include <coppice/chaos/time_text.hpp>

namespace coppice {

namespace {

using std::chrono::nanoseconds;

double milliseconds_of(nanoseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}

std::string_view plural(std::uint64_t number) {
  return number == 1 ? "" : "s";
}

// How long a child took to come back, each time; open outages as long as they have lasted.
struct recovery_times {
  std::vector<nanoseconds> sorted;
  std::uint64_t open = 0;
  nanoseconds longest_hit{0};  // When the longest began.
};

std::unordered_map<std::string_view, recovery_times> times_by_path(const chaos_record& record) {
  std::unordered_map<std::string_view, recovery_times> all;
  for (const auto& outage : find_outages(record)) {
    if (outage.end && !outage.back) continue;
    recovery_times& times = all[record.lives[outage.life].path];
    const nanoseconds took = outage.end.value_or(record.end) - outage.hit;
    if (times.sorted.empty() || took > *std::max_element(times.sorted.begin(), times.sorted.end())) {
      times.longest_hit = outage.hit;
    }
    times.sorted.push_back(took);
    if (!outage.end) ++times.open;
  }
  for (auto& [path, times] : all) std::sort(times.sorted.begin(), times.sorted.end());
  return all;
}

class limit_checker {
 public:
  limit_checker(const chaos_limits& limits, const chaos_record& record, const chaos_figures& figures)
      : limits_{limits}, record_{record}, figures_{figures} {}

  std::vector<chaos_violation> check() {
    check_recovery("recovery_median_ms", limits_.recovery_median_ms, 50, "the median");
    check_recovery("recovery_p99_ms", limits_.recovery_p99_ms, 99, "the 99th percentile");
    check_recovery("recovery_max_ms", limits_.recovery_max_ms, 100, "the longest");
    check_availability();
    check_total("give_ups", limits_.give_ups, &child_figures::give_ups, "supervisor gave up", "supervisors gave up");
    check_total("lost_messages", limits_.lost_messages, &child_figures::messages_lost, "message was lost",
                "messages were lost");
    check_total("failed_calls", limits_.failed_calls, &child_figures::calls_failed, "call failed", "calls failed");
    check_blast_radius();
    return std::move(broken_);
  }

 private:
  // The greater the badness, the worse.
  void add(std::string_view limit, std::string_view path, std::string text, nanoseconds time, double badness) {
    found_.push_back({badness, {std::string{limit}, std::string{path}, std::move(text), time}});
  }

  // What was found of one limit, the worst first, and else in the order of the tree.
  void take_found() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& left, const auto& right) { return left.first > right.first; });
    for (auto& each : found_) broken_.push_back(std::move(each.second));
    found_.clear();
  }

  void check_recovery(std::string_view limit, std::optional<double> most, unsigned per_cent, std::string_view what) {
    if (!most) return;
    if (!times_known_) {
      times_ = times_by_path(record_);
      times_known_ = true;
    }
    for (const auto& child : figures_.children) {
      const auto found = times_.find(child.path);
      if (found == times_.end()) continue;
      const recovery_times& times = found->second;
      const nanoseconds took = nearest_rank(times.sorted, per_cent);
      if (milliseconds_of(took) <= *most) continue;
      std::string text = fmt::format("{} of {} time{} to recovery is {}; the limit is {} ms", what, times.sorted.size(),
                                     plural(times.sorted.size()), detail::exact_ms_text(took), *most);
      if (times.open > 0) text += "; counting that it was not back at the end";
      add(limit, child.path, std::move(text), per_cent == 100 ? times.longest_hit : record_.end,
          static_cast<double>(took.count()));
    }
    take_found();
  }

  void check_availability() {
    if (!limits_.availability) return;
    for (const auto& child : figures_.children) {
      const std::optional<double> available = child.availability();
      if (!available || *available >= *limits_.availability) continue;
      add("availability", child.path,
          fmt::format("it was available for {:.6f} % of {}, out of service for {}; the limit is {} %",
                      std::floor(*available * 1e6) / 1e6, detail::time_text(child.expected),
                      detail::exact_ms_text(child.out_of_service), *limits_.availability),
          record_.end, -*available);
    }
    take_found();
  }

  void check_total(std::string_view limit, std::optional<std::uint64_t> most, std::uint64_t child_figures::*counted,
                   std::string_view one, std::string_view many) {
    const std::uint64_t count = figures_.all.*counted;
    if (!most || count <= *most) return;
    const auto worst =
        std::max_element(figures_.children.begin(), figures_.children.end(),
                         [counted](const auto& left, const auto& right) { return left.*counted < right.*counted; });
    add(limit, worst == figures_.children.end() ? std::string_view{} : std::string_view{worst->path},
        fmt::format("{} {} in all, {} of them here; the limit is {}", count, count == 1 ? one : many,
                    worst == figures_.children.end() ? 0 : (*worst).*counted, *most),
        record_.end, 0);
    take_found();
  }

  void check_blast_radius() {
    if (!limits_.blast_radius) return;
    for (const auto& child : figures_.children) {
      if (child.blast_max <= *limits_.blast_radius) continue;
      add("blast_radius", child.path,
          fmt::format("{} other{} went down with one cut here; the limit is {}", child.blast_max,
                      plural(child.blast_max), *limits_.blast_radius),
          record_.end, static_cast<double>(child.blast_max));
    }
    take_found();
  }

  const chaos_limits& limits_;
  const chaos_record& record_;
  const chaos_figures& figures_;
  std::unordered_map<std::string_view, recovery_times> times_;
  bool times_known_ = false;
  std::vector<std::pair<double, chaos_violation>> found_;  // of the limit that is looked at, with how bad it is
  std::vector<chaos_violation> broken_;
};

bool restarts_anything(const supervisor_spec& of) {
  return std::any_of(of.children.begin(), of.children.end(), [](const tree_child& child) {
    const supervisor_spec* below = child.if_supervisor();
    return child.restart() != restart_type::temporary || (below != nullptr && restarts_anything(*below));
  });
}

bool any_harm(const chaos_plan& plan, const std::function<bool(const chaos_harm&)>& is_so) {
  return std::any_of(plan.phases.begin(), plan.phases.end(), [&](const chaos_phase& phase) {
    return std::any_of(phase.faults.begin(), phase.faults.end(), [&](const chaos_fault& fault) {
      return std::any_of(fault.how.begin(), fault.how.end(), is_so);
    });
  });
}

bool is_cut(const chaos_harm& harm) {
  return !std::holds_alternative<harm::slow>(harm) && !std::holds_alternative<harm::delay>(harm);
}

bool can_be_cut(const chaos_plan& plan, std::string_view path, bool is_supervisor) {
  return std::any_of(plan.phases.begin(), plan.phases.end(), [&](const chaos_phase& phase) {
    return std::any_of(phase.faults.begin(), phase.faults.end(), [&](const chaos_fault& fault) {
      return std::any_of(fault.how.begin(), fault.how.end(), is_cut) && matches(fault.victims, path, is_supervisor);
    });
  });
}

bool any_limit_of_time(const chaos_limits& limits) {
  return limits.recovery_median_ms || limits.recovery_p99_ms || limits.recovery_max_ms || limits.availability;
}

bool hangs(const chaos_harm& harm) {
  return std::holds_alternative<harm::hang>(harm);
}

}  // namespace

std::vector<chaos_limit> set_limits(const chaos_limits& limits) {
  std::vector<chaos_limit> set;
  const auto add = [&set](std::string_view name, const auto& value, std::string_view form) {
    if (value) set.push_back({std::string{name}, fmt::format(fmt::runtime(form), *value)});
  };
  add("recovery_median_ms", limits.recovery_median_ms, "at most {} ms");
  add("recovery_p99_ms", limits.recovery_p99_ms, "at most {} ms");
  add("recovery_max_ms", limits.recovery_max_ms, "at most {} ms");
  add("availability", limits.availability, "at least {} %");
  add("give_ups", limits.give_ups, "at most {}");
  add("lost_messages", limits.lost_messages, "at most {}");
  add("failed_calls", limits.failed_calls, "at most {}");
  add("blast_radius", limits.blast_radius, "at most {}");
  return set;
}

std::vector<chaos_violation> check_limits(const chaos_limits& limits, const chaos_record& record,
                                          const chaos_figures& figures) {
  return limit_checker{limits, record, figures}.check();
}

std::vector<std::string> refuse_limits(const chaos_limits& limits, const chaos_plan& plan, const supervisor_spec& root,
                                       bool is_virtual) {
  std::vector<std::string> refused;
  // A root that is hit is missed for good.
  const bool has_limit_of_time = any_limit_of_time(limits) && !can_be_cut(plan, root.id, true);
  const bool nobody_is_missed = has_limit_of_time && !restarts_anything(root) && !any_harm(plan, hangs);
  const bool time_stands_still = has_limit_of_time && is_virtual && !detail::can_outages_take_time(plan, root);
  const auto refuse_if_timeless = [&](std::string_view name, const std::optional<double>& limit,
                                      std::string_view figure) {
    if (!limit) return;
    if (nobody_is_missed) {
      refused.push_back(fmt::format(
          "{}: cannot be broken: every child of this tree is \"temporary\", so that nobody is missed who has ended, "
          "and "
          "no harm of the plan lets one hang. Make a child \"permanent\" or \"transient\", let something \"hang\", or "
          "leave the limit out.",
          name));
    } else if (time_stands_still) {
      refused.push_back(fmt::format(
          "{}: cannot be broken: in virtual time every step costs 0 on the way back of those whom the plan ends, and "
          "no "
          "harm of the plan takes time there, so {}. Give them or their supervisors a \"cost\" above 0 (without one it "
          "is 1 us), let something \"hang\", or leave the limit out.",
          name, figure));
    }
  };
  constexpr std::string_view at_once = "who is restarted is back at once";
  refuse_if_timeless("recovery_median_ms", limits.recovery_median_ms, at_once);
  refuse_if_timeless("recovery_p99_ms", limits.recovery_p99_ms, at_once);
  refuse_if_timeless("recovery_max_ms", limits.recovery_max_ms, at_once);
  if (limits.availability && *limits.availability <= 0) {
    refused.push_back(fmt::format(
        "availability: cannot be broken: nothing is available for less than 0 % of its time; got {}. Write a "
        "percentage above 0 and up to 100, such as 99.9.",
        *limits.availability));
  } else {
    refuse_if_timeless("availability", limits.availability, "nobody is ever missed for longer than an instant");
  }
  if (limits.give_ups && !restarts_anything(root)) {
    refused.emplace_back(
        "give_ups: cannot be broken: every child of this tree is \"temporary\", so that no supervisor ever restarts "
        "one. "
        "Make a child \"permanent\" or \"transient\", or leave the limit out.");
  }
  if (limits.blast_radius && !any_harm(plan, is_cut)) {
    refused.emplace_back(
        "blast_radius: cannot be broken: nothing in the plan ends a process or lets it hang, so that nobody goes down "
        "with "
        "it. Add a fault that does, such as \"kill\", or leave the limit out.");
  }
  return refused;
}

}  // namespace coppice
