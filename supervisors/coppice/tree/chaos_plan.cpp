#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/path_pattern.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/time_check.hpp>

namespace coppice {

namespace {

using detail::short_time_text;

struct harm_text {
  std::string operator()(const harm::kill& /*how*/) const { return "kill"; }
  std::string operator()(const harm::crash& how) const { return "crash " + how.reason; }
  std::string operator()(const harm::throw_exception& how) const { return "throw " + detail::in_quotes(how.what); }
  std::string operator()(const harm::exit_signal& how) const { return "exit " + how.reason; }
  std::string operator()(const harm::fail_starts& how) const {
    return fmt::format("fail {} {}", how.count, how.count == 1 ? "start" : "starts");
  }
  std::string operator()(const harm::hang& how) const {
    return how.time ? "hang " + short_time_text(*how.time) : std::string{"hang"};
  }
  std::string operator()(const harm::slow& how) const {
    return fmt::format("slow {} for {}", short_time_text(how.by), short_time_text(how.lasting));
  }
  std::string operator()(const harm::delay& how) const {
    return fmt::format("delay {} for {}", short_time_text(how.by), short_time_text(how.lasting));
  }
  std::string operator()(const harm::bad_alloc& how) const { return fmt::format("bad_alloc {}", how.nth); }
};

}  // namespace

std::string to_string(const chaos_harm& how) {
  return std::visit(harm_text{}, how);
}

bool matches(const chaos_victims& victims, std::string_view path, bool is_supervisor) {
  if (victims.of == chaos_victims::kind::worker && is_supervisor) return false;
  if (victims.of == chaos_victims::kind::supervisor && !is_supervisor) return false;
  const auto fits = [path](const std::string& pattern) { return detail::matches_pattern(pattern, path); };
  if (!victims.paths.empty() && std::none_of(victims.paths.begin(), victims.paths.end(), fits)) return false;
  return std::none_of(victims.except.begin(), victims.except.end(), fits);
}

std::chrono::nanoseconds chaos_plan::longest_delay() const noexcept {
  std::chrono::nanoseconds longest{0};
  for (const auto& phase : phases) {
    for (const auto& fault : phase.faults) {
      for (const auto& how : fault.how) {
        if (const auto* delay = std::get_if<harm::delay>(&how)) longest = std::max(longest, delay->by);
      }
    }
  }
  return longest;
}

std::chrono::nanoseconds chaos_plan::duration() const noexcept {
  return std::accumulate(phases.begin(), phases.end(), std::chrono::nanoseconds{0},
                         [](std::chrono::nanoseconds sum, const chaos_phase& one) { return sum + one.duration; });
}

}  // namespace coppice
