#include <mutex>

#include <fmt/format.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

std::string to_string(const live_objects& counted) {
  return fmt::format("processes {}, envelopes {}, timers {}, links {}, monitors {}, watchers {}, stacks {}, names {}",
                     counted.processes, counted.envelopes, counted.timers, counted.links, counted.monitors,
                     counted.watchers, counted.stacks, counted.names);
}

live_objects count_live_objects() {
  auto& runtime = detail::running_runtime();
  auto& table = detail::process_table::instance();
  live_objects counted;
  counted.processes = table.count();
  counted.envelopes = detail::live_envelopes();
  // Those that let delayed messages arrive are no timers of anybody's.
  const std::size_t arrivals = runtime.delays.count();
  const std::size_t pending = runtime.engine.pending_timers();
  counted.timers = pending > arrivals ? pending - arrivals : 0;
  for (const pid each : table.living()) {
    const std::lock_guard hold{table.guard_of(each)};
    if (!table.is_living(each)) continue;
    const detail::control_block& process = table.slot(each).process();
    counted.links += process.link_count();
    counted.monitors += process.monitor_count();
    counted.watchers += process.watcher_count();
  }
  counted.stacks = runtime.engine.stacks_in_use();
  counted.names = detail::count_names();
  return counted;
}

}  // namespace coppice
