#include <algorithm>

#include <fmt/format.h>

#include <coppice/chaos/invariants/exit_signals_heeded.hpp>

namespace coppice {

void exit_signals_heeded::see(const tree_step& step, const known_tree&, violation_list& found) {
  using kind = tree_step::kind;
  if (step.what == kind::process_ended) {
    straws_.erase(step.process);
    on_end(step);
    return;
  }
  if (step.supervisor == nullptr) return;
  const auto straws = straws_.find(step.supervisor_process);
  switch (step.what) {
    case kind::restarting:
      if (step.child == nullptr || step.child->foreign || step.child->lives) break;
      if (!step.child->owes_restart() && !step.child->retried) {
        found.add(
            name(), step.path,
            fmt::format("it is restarted, and had not ended in a way that a {} child is restarted after; last: `{}`",
                        to_string(step.child->restart), step.child->reason.to_string()));
      }
      break;
    case kind::child_ending:
      // It was told to end before its supervisor had looked at its exit signal: that counts as the end of one who was
      // told (S103, S114).
      if (straws != straws_.end()) {
        std::erase_if(straws->second, [&](const last_straw& each) { return each.path == step.path; });
      }
      break;
    case kind::child_starting:
      // Whether it ran when the supervisor looked at the end of another one cannot be told from here.
      if (straws != straws_.end() && step.child != nullptr && step.child->significant &&
          step.supervisor->flags.auto_shutdown == auto_shutdown::all_significant) {
        straws_.erase(straws);
      }
      break;
    default: break;
  }
}

void exit_signals_heeded::on_end(const tree_step& step) {
  const known_child* const ended = step.child;
  if (step.supervisor == nullptr || ended == nullptr || ended->told_to_end || !ended->significant) return;
  if (ended->restarts_after(step.reason)) return;
  const known_supervisor& of = *step.supervisor;
  switch (of.flags.auto_shutdown) {
    case auto_shutdown::never: return;
    case auto_shutdown::any_significant: break;
    case auto_shutdown::all_significant:
      if (std::any_of(of.children.begin(), of.children.end(), [ended, &of](const auto& each) {
            const known_child& other = each.second;
            // One that is just being started will run before the supervisor looks at this end, or be tried again.
            return &other != ended && other.significant &&
                   ((other.lives && !other.told_to_end) || other.owes_restart() || other.retried || other.foreign ||
                    of.starts == other.place);
          })) {
        return;
      }
      break;
  }
  straws_[of.process].push_back({ended->path, step.reason.to_string()});
}

void exit_signals_heeded::check_quiet(const known_tree& tree, tree_scene&, violation_list& found) {
  for (const auto& [process, of] : tree.supervisors()) {
    // What it has not done in time is not done any more.
    if (of.stopping || of.gave_up) continue;
    for (const auto& [place, child] : of.children) {
      if (child.owes_restart()) {
        found.add(name(), child.path,
                  fmt::format("it ended with `{}`, and its supervisor {} {} has neither restarted it nor given up",
                              child.reason.to_string(), of.path, to_string(process)));
      } else if (child.retried) {
        found.add(name(), child.path,
                  fmt::format("its start failed in a restart, and its supervisor {} {} has not tried again", of.path,
                              to_string(process)));
      }
    }
    const auto straws = straws_.find(process);
    if (straws == straws_.end()) continue;
    for (const last_straw& each : straws->second) {
      found.add(name(), each.path,
                fmt::format("it is significant and ended with `{}`, and its supervisor {} {} goes on", each.reason,
                            of.path, to_string(process)));
    }
  }
}

}  // namespace coppice
