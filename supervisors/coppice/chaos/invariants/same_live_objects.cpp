#include <chrono>

#include <fmt/format.h>

#include <coppice/chaos/invariants/same_live_objects.hpp>
#include <coppice/process/receive.hpp>

namespace coppice {

void same_live_objects::check_gone(bool is_virtual, violation_list& found) const {
  if (!before_) return;
  live_objects now = count_();
  // Whoever has told its end may still be being taken down, on another thread.
  constexpr int patience = 5000;
  for (int tries = 0; !is_virtual && now != *before_ && tries < patience; ++tries) {
    sleep(std::chrono::milliseconds{1});
    now = count_();
  }
  const auto compare = [&](std::string_view kind, std::size_t was, std::size_t is) {
    if (was != is) found.add(name(), "", fmt::format("{}: {} before the tree, {} when it is gone", kind, was, is));
  };
  compare("processes", before_->processes, now.processes);
  compare("envelopes", before_->envelopes, now.envelopes);
  compare("timers", before_->timers, now.timers);
  compare("links", before_->links, now.links);
  compare("monitors", before_->monitors, now.monitors);
  compare("watchers", before_->watchers, now.watchers);
  compare("stacks", before_->stacks, now.stacks);
  compare("names", before_->names, now.names);
}

}  // namespace coppice
