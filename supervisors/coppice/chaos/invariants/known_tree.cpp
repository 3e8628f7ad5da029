#include <algorithm>
#include <utility>

#include <coppice/chaos/invariants/known_tree.hpp>

namespace coppice {

const known_child* known_supervisor::find(std::string_view child) const {
  const auto found = places.find(std::string{child});
  return found != places.end() ? &children.at(found->second) : nullptr;
}

known_child* known_supervisor::find(std::string_view child) {
  return const_cast<known_child*>(std::as_const(*this).find(child));
}

const known_child* known_supervisor::after(std::uint64_t place) const {
  const auto found = children.upper_bound(place);
  return found != children.end() ? &found->second : nullptr;
}

// What is declared
// -----------------------------------------------------------------------------------------------------------

known_tree::known_tree(const supervisor_spec* declared) {
  if (declared == nullptr) return;
  declared_root_ = declared->id;
  root_name_ = declared->name.value_or("");
  if (!root_name_.empty()) names_.insert(root_name_);
  declare(*declared, declared->id);
}

void known_tree::declare(const supervisor_spec& spec, const std::string& path) {
  declared_supervisors_.insert_or_assign(
      path, supervisor_flags{spec.strategy, spec.max_restarts, spec.max_seconds, spec.auto_shutdown});
  for (const tree_child& each : spec.children) {
    if (const supervisor_spec* below = each.if_supervisor()) {
      const std::string own = path + "/" + below->id;
      const std::string name = below->name.value_or("");
      if (!name.empty()) names_.insert(name);
      declared_children_.insert_or_assign(
          own, declared_child{child_type::supervisor, below->restart, below->significant, name});
      declare(*below, own);
      continue;
    }
    const worker_spec& worker = *each.if_worker();
    for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
      const std::string name = worker.replica_name(number).value_or("");
      if (!name.empty()) names_.insert(name);
      declared_children_.insert_or_assign(path + "/" + worker.replica_id(number),
                                          declared_child{child_type::worker, worker.restart, worker.significant, name});
    }
  }
}

void known_tree::announce(std::string_view path, std::string name) {
  if (!name.empty()) names_.insert(name);
  announced_.insert_or_assign(std::string{path}, std::move(name));
}

// Steps
// ---------------------------------------------------------------------------------------------------------------------

void known_tree::resolve(tree_step& step) const {
  if (step.what == tree_step::kind::process_ended) {
    const auto life = lives_.find(step.process);
    if (life != lives_.end()) {
      step.path = life->second.path;
      step.supervisor_process = life->second.supervisor;
    }
  }
  step.supervisor = find_supervisor(step.supervisor_process);
  if (step.supervisor == nullptr) return;
  step.child = step.supervisor->find(step.path);
  // An end is one of the process that the supervisor knows, not of a predecessor.
  if (step.what == tree_step::kind::process_ended && step.child != nullptr && step.child->process != step.process) {
    step.child = nullptr;
  }
}

void known_tree::apply(const tree_step& step, std::optional<tree_step>& early) {
  using kind = tree_step::kind;
  if (step.what == kind::supervisor_starting) return add_supervisor(step);
  if (step.what == kind::process_ended) return ended(step);
  const auto found = supervisors_.find(step.supervisor_process);
  if (found == supervisors_.end()) return;
  known_supervisor& of = found->second;
  of.last_word = step.time;
  if (step.what != kind::child_started && step.what != kind::child_start_failed) close_attempt(of);
  known_child* const child = of.find(step.path);
  switch (step.what) {
    case kind::child_added:
      of.restarts = false;
      add_child(of, std::string{step.path}, step.specs.front(), false);
      break;
    case kind::child_starting:
      early_.erase(of.process);
      if (child != nullptr) attempt(of, *child);
      break;
    case kind::child_started: started(of, step, early); break;
    case kind::child_start_failed:
      early_.erase(of.process);
      of.starts.reset();
      if (child == nullptr) break;
      if (child->begins_later) {
        forget(of, *child);
      } else {
        child->retried = of.restarts && !of.stopping;
      }
      of.restarts = false;
      break;
    case kind::child_terminating:
      of.restarts = false;
      if (child != nullptr) child->retried = false;
      break;
    case kind::child_ending:
      if (child == nullptr) break;
      child->told_to_end = child->process == step.process;
      child->unanswered = false;
      break;
    case kind::child_deleted:
      if (child != nullptr) forget(of, *child);
      break;
    case kind::restarting: {
      of.restarts = true;
      of.restart_place.reset();
      if (child == nullptr) break;
      child->unanswered = false;
      child->retried = false;
      // The others that the strategy restarts with it are not tried again for themselves.
      if (of.flags.strategy == strategy::one_for_one) break;
      const std::uint64_t first = of.flags.strategy == strategy::one_for_all ? 0 : child->place;
      for (auto each = of.children.lower_bound(first); each != of.children.end(); ++each) each->second.retried = false;
      break;
    }
    case kind::restart_limit_reached: of.gave_up = true; break;
    case kind::supervisor_stopping: of.stopping = true; break;
    case kind::supervisor_starting:
    case kind::process_ended: break;
  }
}

void known_tree::add_supervisor(const tree_step& step) {
  known_supervisor made;
  made.process = step.supervisor_process;
  made.path = step.path;
  made.last_word = step.time;
  if (step.flags != nullptr) made.flags = *step.flags;
  const auto begun = being_started_.find(made.path);
  made.as_declared = begun != being_started_.end() ? begun->second : made.path == declared_root_;
  if (made.as_declared) {
    if (const auto found = declared_supervisors_.find(made.path); found != declared_supervisors_.end()) {
      made.flags = found->second;
    } else {
      made.as_declared = false;
    }
  }
  known_supervisor& added = supervisors_.insert_or_assign(step.supervisor_process, std::move(made)).first->second;
  const std::string above = added.path.empty() ? std::string{} : added.path + "/";
  for (const child_spec& each : step.specs) add_child(added, above + each.id, each, true);
}

void known_tree::add_child(known_supervisor& of, std::string path, const child_spec& spec, bool from_start) {
  if (known_child* const present = of.find(path)) forget(of, *present);
  known_child made;
  made.path = std::move(path);
  made.place = of.next_place++;
  made.from_start = from_start;
  made.begins_later = !from_start;
  made.type = spec.type;
  made.restart = spec.restart;
  made.significant = spec.significant;
  if (of.as_declared && from_start) {
    if (const auto found = declared_children_.find(made.path); found != declared_children_.end()) {
      made.type = found->second.type;
      made.restart = found->second.restart;
      made.significant = found->second.significant;
      made.name = found->second.name;
    }
  } else if (const auto found = announced_.find(made.path); found != announced_.end()) {
    made.name = found->second;
  }
  of.places.insert_or_assign(made.path, made.place);
  of.children.emplace(made.place, std::move(made));
}

void known_tree::attempt(known_supervisor& of, known_child& child) {
  // After the last one of a restart, what it starts is no part of that any more.
  if (of.restarts && of.restart_place &&
      (of.flags.strategy == strategy::one_for_one || of.after(*of.restart_place) == nullptr)) {
    of.restarts = false;
  }
  if (of.restarts) of.restart_place = child.place;
  of.starts = child.place;
  child.unanswered = false;
  child.retried = false;
  if (child.type == child_type::supervisor) {
    being_started_.insert_or_assign(child.path, of.as_declared && child.from_start);
  }
}

// A start of which neither success nor failure was told was ignored: nothing is known of a temporary child then (S86).
void known_tree::close_attempt(known_supervisor& of) {
  if (!of.starts) return;
  const auto found = of.children.find(*of.starts);
  of.starts.reset();
  if (found == of.children.end()) return;
  found->second.begins_later = false;
  if (found->second.restart == restart_type::temporary) forget(of, found->second);
}

void known_tree::started(known_supervisor& of, const tree_step& step, std::optional<tree_step>& early) {
  of.starts.reset();
  known_child* const child = of.find(step.path);
  if (child != nullptr) {
    child->process = step.process;
    child->lives = !step.foreign;
    child->foreign = step.foreign;
    child->told_to_end = false;
    child->unanswered = false;
    child->begins_later = false;
    if (child->lives) of.living.insert(child->place);
  }
  if (step.type == child_type::supervisor) being_started_.erase(std::string{step.path});
  if (!step.foreign) {
    begin_life(step.process,
               {std::string{step.path}, step.type, of.process, child != nullptr ? child->name : std::string{}});
  }
  const auto known = early_.find(of.process);
  if (known == early_.end()) return;
  for (const early_end& each : known->second) {
    if (each.process != step.process) continue;
    early.emplace();
    early->what = tree_step::kind::process_ended;
    early->time = step.time;
    early->process = each.process;
    early->supervisor_process = of.process;
    early->reason = each.reason;
  }
  early_.erase(known);
}

void known_tree::root_started(std::string_view path, pid root, std::chrono::nanoseconds now,
                              std::optional<tree_step>& early) {
  roots_.insert(root);
  begin_life(root, {std::string{path}, child_type::supervisor, pid{}, path == declared_root_ ? root_name_ : ""});
  for (const early_end& each : early_roots_) {
    if (each.process != root) continue;
    early.emplace();
    early->what = tree_step::kind::process_ended;
    early->time = now;
    early->process = root;
    early->reason = each.reason;
  }
  early_roots_.clear();
}

void known_tree::begin_life(pid process, known_life life) {
  holders_.insert_or_assign(life.path, process);
  lives_.insert_or_assign(process, std::move(life));
}

void known_tree::ended(const tree_step& step) {
  const bool was_supervisor = supervisors_.contains(step.process);
  early_.erase(step.process);
  const auto life = lives_.find(step.process);
  if (life == lives_.end()) {
    // Either its start has failed, or whoever starts it has not come to say that it succeeded.
    if (supervisors_.contains(step.supervisor_process)) {
      early_[step.supervisor_process].push_back({step.process, step.reason});
    } else if (was_supervisor && roots_.empty()) {
      early_roots_.push_back({step.process, step.reason});
    }
  } else {
    const auto holder = holders_.find(life->second.path);
    if (holder != holders_.end() && holder->second == step.process) holders_.erase(holder);
    if (const auto above = supervisors_.find(life->second.supervisor); above != supervisors_.end()) {
      known_child* const child = above->second.find(life->second.path);
      if (child != nullptr && child->process == step.process) {
        child->lives = false;
        child->reason = step.reason;
        child->unanswered = !child->told_to_end;
        above->second.living.erase(child->place);
        // It is forgotten when its supervisor has noticed: nothing that it does depends on when that is (S96, S100).
        if (child->restart == restart_type::temporary) forget(above->second, *child);
      }
    }
    roots_.erase(step.process);
    lives_.erase(life);
  }
  if (was_supervisor) supervisors_.erase(step.process);
}

void known_tree::forget(known_supervisor& of, known_child& child) {
  if (of.starts == child.place) of.starts.reset();
  of.living.erase(child.place);
  of.places.erase(child.path);
  of.children.erase(child.place);
}

// Questions
// -------------------------------------------------------------------------------------------------------------------

const known_life* known_tree::find_life(pid process) const {
  const auto found = lives_.find(process);
  return found != lives_.end() ? &found->second : nullptr;
}

const known_supervisor* known_tree::find_supervisor(pid process) const {
  const auto found = supervisors_.find(process);
  return found != supervisors_.end() ? &found->second : nullptr;
}

pid known_tree::holder_of(std::string_view path) const {
  const auto found = holders_.find(std::string{path});
  return found != holders_.end() ? found->second : pid{};
}

}  // namespace coppice
