#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include <coppice/chaos/run_warnings.hpp>
#include <coppice/chaos/time_text.hpp>

namespace coppice {

namespace {

// How often the faults of a plan strike, on the mean.
double strikes_of(const chaos_plan& plan) {
  double strikes = 0;
  for (const auto& phase : plan.phases) {
    const double seconds = std::chrono::duration<double>{phase.duration}.count();
    for (const auto& fault : phase.faults) {
      strikes += fault.spread == chaos_fault::distribution::once ? 1 : fault.per_second * seconds;
    }
  }
  return strikes;
}

}  // namespace

std::vector<std::string> warnings_of(const chaos_plan& plan, const chaos_record& record) {
  const bool has_faults =
      std::any_of(plan.phases.begin(), plan.phases.end(), [](const auto& phase) { return !phase.faults.empty(); });
  if (!has_faults || !record.hits.empty() || record.interrupted) return {};
  return {fmt::format(
      "no fault of the plan has hit anybody, so that nothing is known of how the tree stands them; in {} they strike "
      "{:.3g} times on the mean. Make \"per_second\" greater or \"duration_ms\" longer, or let a fault strike "
      "\"once\".",
      detail::time_text(plan.duration()), strikes_of(plan))};
}

}  // namespace coppice
