#include <fmt/format.h>

#include <coppice/chaos/invariants/start_and_stop_order.hpp>

namespace coppice {

void start_and_stop_order::see(const tree_step& step, const known_tree&, violation_list& found) {
  using kind = tree_step::kind;
  if (step.what == kind::supervisor_starting) {
    progress_.insert_or_assign(step.supervisor_process, progress{});
    return;
  }
  if (step.what == kind::process_ended) {
    progress_.erase(step.process);
    return;
  }
  const auto known = progress_.find(step.supervisor_process);
  if (known == progress_.end() || step.supervisor == nullptr) return;
  progress& its = known->second;
  switch (step.what) {
    case kind::child_starting: on_starting(its, step, found); break;
    case kind::child_start_failed:
      if (its.now == phase::starting || its.now == phase::one) {
        its.now = its.begins && its.now == phase::starting ? phase::failed : phase::idle;
      }
      break;
    case kind::child_terminating:
      finish(its, *step.supervisor, found);
      its.terminating = true;
      break;
    case kind::child_ending: on_ending(its, step, found); break;
    case kind::restarting:
      finish(its, *step.supervisor, found);
      on_restarting(its, step);
      break;
    case kind::child_added:
    case kind::child_deleted:
    case kind::restart_limit_reached: finish(its, *step.supervisor, found); break;
    // What it had begun may have failed half-way: that is what it stops for.
    case kind::supervisor_stopping: its.now = phase::stopping; break;
    case kind::child_started:
    case kind::supervisor_starting:
    case kind::process_ended: break;
  }
}

void start_and_stop_order::on_starting(progress& its, const tree_step& step, violation_list& found) {
  if (step.child == nullptr) return;
  const known_supervisor& of = *step.supervisor;
  const known_child& child = *step.child;
  its.terminating = false;
  switch (its.now) {
    case phase::idle: return;
    case phase::stopping:
    case phase::failed:
      found.add(name(), child.path, "it is started although its supervisor has to end its children");
      return;
    case phase::one:
      if (child.place != its.place) {
        found.add(name(), child.path,
                  fmt::format("it is started in the restart of {}", of.children.contains(its.place)
                                                                        ? of.children.at(its.place).path
                                                                        : std::string{"another child"}));
      }
      its.now = phase::idle;
      return;
    case phase::ending:
      its.now = phase::starting;
      its.place = its.first == 0 ? 0 : its.first - 1;
      break;
    case phase::starting: break;
  }
  const known_child* const next = of.after(its.place);
  if (next == nullptr || child.begins_later) {
    finish(its, of, found);
    return;
  }
  if (next->place != child.place) {
    found.add(name(), child.path, fmt::format("it is started, and next in the order is {}", next->path));
  } else if (const auto living = of.living.lower_bound(child.place); living != of.living.end()) {
    found.add(name(), child.path,
              fmt::format("it is started before {} has ended, which stands behind it", of.children.at(*living).path));
  }
  its.place = child.place;
}

void start_and_stop_order::on_ending(progress& its, const tree_step& step, violation_list& found) {
  if (step.child == nullptr) return;
  const known_supervisor& of = *step.supervisor;
  const known_child& child = *step.child;
  switch (its.now) {
    case phase::stopping:
    case phase::ending: break;
    case phase::one:
    case phase::starting:
    case phase::idle:
    case phase::failed:
      if (its.terminating) return;
      found.add(name(), child.path, "it is ended, and nobody has asked for that");
      return;
  }
  if (its.now == phase::ending && child.place < its.first) {
    found.add(name(), child.path, "it is ended in a restart that begins behind it");
    return;
  }
  if (const auto later = of.living.upper_bound(child.place); later != of.living.end()) {
    found.add(
        name(), child.path,
        fmt::format("it is told to end before {} has ended, which was started after it", of.children.at(*later).path));
  }
}

void start_and_stop_order::on_restarting(progress& its, const tree_step& step) {
  if (step.child == nullptr) {
    its.now = phase::idle;
    return;
  }
  its.begins = false;
  switch (step.supervisor->flags.strategy) {
    case strategy::one_for_one:
      its.now = phase::one;
      its.place = step.child->place;
      break;
    case strategy::rest_for_one:
      its.now = phase::ending;
      its.first = step.child->place;
      break;
    case strategy::one_for_all:
      its.now = phase::ending;
      its.first = 0;
      break;
  }
}

void start_and_stop_order::finish(progress& its, const known_supervisor& of, violation_list& found) {
  const auto missing = [&](const std::string& path) {
    found.add(name(), path, fmt::format("it is not started, and its supervisor {} goes on", of.path));
  };
  its.terminating = false;
  switch (its.now) {
    case phase::idle:
    case phase::stopping: return;
    case phase::failed: found.add(name(), of.path, "a child that it begins with did not start, and it goes on"); break;
    case phase::starting:
      if (const known_child* next = of.after(its.place); next != nullptr && !next->begins_later) missing(next->path);
      break;
    case phase::ending:
      if (const known_child* next = of.after(its.first == 0 ? 0 : its.first - 1)) missing(next->path);
      break;
    case phase::one:
      if (const auto child = of.children.find(its.place); child != of.children.end()) missing(child->second.path);
      break;
  }
  its.now = phase::idle;
  its.begins = false;
}

void start_and_stop_order::check_quiet(const known_tree& tree, tree_scene&, violation_list& found) {
  for (auto& [process, its] : progress_) {
    const known_supervisor* const of = tree.find_supervisor(process);
    if (of != nullptr) finish(its, *of, found);
  }
}

}  // namespace coppice
