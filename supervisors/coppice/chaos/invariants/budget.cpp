#include <algorithm>

#include <fmt/format.h>

#include <coppice/chaos/invariants/budget.hpp>

namespace coppice {

void budget::see(const tree_step& step, const known_tree&, violation_list& found) {
  using kind = tree_step::kind;
  if (step.what == kind::process_ended) {
    accounts_.erase(step.process);
    return;
  }
  if (step.supervisor == nullptr) return;
  switch (step.what) {
    case kind::restarting: on_restarting(accounts_[step.supervisor_process], step, found); break;
    case kind::restart_limit_reached: on_limit(accounts_[step.supervisor_process], step, found); break;
    case kind::child_starting:
      if (step.child != nullptr && step.child->owes_restart()) {
        found.add(name(), step.path,
                  fmt::format("it is restarted after its end with `{}`, and that is not counted",
                              step.child->reason.to_string()));
      }
      break;
    default: break;
  }
}

budget::span budget::when(const tree_step& step) const {
  const auto second = [](std::chrono::nanoseconds time) { return std::chrono::floor<std::chrono::seconds>(time); };
  if (exact_times_) return {second(step.time), second(step.time)};
  return {second(step.supervisor->last_word), second(step.time)};
}

void budget::on_restarting(account& its, const tree_step& step, violation_list& found) {
  const auto& flags = step.supervisor->flags;
  const span now = when(step);
  if (its.gave_up) found.add(name(), step.path, "it is restarted after its supervisor has given up");
  its.restarts.push_back(now);
  if (its.restarts.size() <= flags.max_restarts) return;
  // Those before it in the window are as many as are allowed, if the oldest of them is surely in it.
  const span oldest = its.restarts.front();
  its.restarts.pop_front();
  if (flags.max_restarts == 0 || oldest.earliest >= now.latest - flags.max_seconds) {
    found.add(name(), step.path,
              fmt::format("it is restarted, and that is more than {} within {} s (max_restarts, max_seconds)",
                          flags.max_restarts, flags.max_seconds.count()));
  }
}

void budget::on_limit(account& its, const tree_step& step, violation_list& found) {
  const auto& flags = step.supervisor->flags;
  const span now = when(step);
  its.gave_up = true;
  // As many as are allowed, and the oldest of them surely out of the window; or not even as many.
  const bool allowed = its.restarts.size() < flags.max_restarts ||
                       (flags.max_restarts != 0 && its.restarts.front().latest < now.earliest - flags.max_seconds);
  if (!allowed) return;
  const auto counted =
      static_cast<std::size_t>(std::count_if(its.restarts.begin(), its.restarts.end(), [&](const span& each) {
        return each.latest >= now.earliest - flags.max_seconds;
      }));
  found.add(name(), step.path,
            fmt::format("it gives up after {} restarts within {} s, and may make {} (max_restarts, max_seconds)",
                        counted, flags.max_seconds.count(), flags.max_restarts));
}

void budget::check_quiet(const known_tree& tree, tree_scene&, violation_list& found) {
  for (const auto& [process, its] : accounts_) {
    if (!its.gave_up) continue;
    const known_supervisor* const of = tree.find_supervisor(process);
    if (of != nullptr && !of->stopping) found.add(name(), of->path, "it has given up, and goes on");
  }
}

}  // namespace coppice
