#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/chaos/invariants/accounted_processes.hpp>
#include <coppice/chaos/invariants/budget.hpp>
#include <coppice/chaos/invariants/calls_settled.hpp>
#include <coppice/chaos/invariants/exit_signals_heeded.hpp>
#include <coppice/chaos/invariants/expectation.hpp>
#include <coppice/chaos/invariants/monitors_answered.hpp>
#include <coppice/chaos/invariants/names_in_place.hpp>
#include <coppice/chaos/invariants/one_incarnation.hpp>
#include <coppice/chaos/invariants/same_live_objects.hpp>
#include <coppice/chaos/invariants/start_and_stop_order.hpp>
#include <coppice/chaos/invariants/supervised.hpp>
#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/process/waiting_callers.hpp>

namespace coppice {

namespace {

std::chrono::nanoseconds delay_of(const invariant_options& options) {
  // So long that adding a time to it does not overflow.
  return options.virtual_time ? options.longest_delay : std::chrono::nanoseconds::max() / 2;
}

// Which worker lives where, as the tree's spec has it.
void collect(std::unordered_map<std::string, const worker*>& into, const supervisor_spec& of, const std::string& path,
             const worker_registry& workers) {
  for (const tree_child& each : of.children) {
    if (const supervisor_spec* below = each.if_supervisor()) {
      collect(into, *below, path + "/" + below->id, workers);
      continue;
    }
    const worker_spec& one = *each.if_worker();
    for (std::uint32_t number = 1; number <= one.processes(); ++number) {
      into.insert_or_assign(path + "/" + one.replica_id(number), workers.find(one.start));
    }
  }
}

// Lets time pass until nothing is under way any more that somebody has delayed.
bool all_has_arrived() {
  constexpr int patience = 100'000;
  for (int i = 0; detail::messages_under_way(); ++i) {
    if (i == patience || !advance_to_next_timer() || !await_quiescence()) return false;
  }
  return true;
}

}  // namespace

struct invariant_checker::state {
  explicit state(const invariant_options& options)
      : is_virtual{options.virtual_time},
        tree{options.tree},
        found{options.most_violations},
        budgets{options.virtual_time},
        monitors{options.most_monitors, delay_of(options)},
        objects{options.count},
        worker_at{options.worker_at} {
    if (options.tree != nullptr && options.workers != nullptr) {
      collect(declared_workers, *options.tree, options.tree->id, *options.workers);
    }
  }

  void tell(tree_step step) {
    const std::lock_guard hold{lock};
    found.set_time(step.time);
    tree.resolve(step);
    take(step);
  }

  // Sees and applies a step, and the end that it brings to light.
  void take(tree_step step) {
    for (std::optional<tree_step> next{std::move(step)}; next;) {
      for (invariant* each : all) each->see(*next, tree, found);
      std::optional<tree_step> early;
      tree.apply(*next, early);
      if (early) tree.resolve(*early);
      next = std::move(early);
    }
  }

  void look(tree_scene& scene, std::span<const pid> harness, std::chrono::nanoseconds now) const {
    scene.time = now;
    scene.is_virtual = is_virtual;
    scene.processes = processes();
    scene.harness.insert(present.begin(), present.end());
    scene.harness.insert(harness.begin(), harness.end());
    scene.harness.insert(self());
    if (const pid witness = monitors.witness()) scene.harness.insert(witness);
  }

  void add(const violation_list& more) {
    const std::lock_guard hold{lock};
    for (const chaos_violation& each : more.kept()) found.add(each.invariant, each.path, each.text);
  }

  const worker* find_worker(std::string_view path, pid process) const {
    if (worker_at) {
      if (const worker* const known = worker_at(path, process)) return known;
    }
    const auto declared = declared_workers.find(std::string{path});
    return declared != declared_workers.end() ? declared->second : nullptr;
  }

  // A rule of the user's: it may wait, and fail in any way.
  template <class Rule>
  void check_own(const std::string& name, const std::string& path, const Rule& rule) {
    std::optional<std::string> wrong;
    try {
      wrong = rule();
    } catch (...) {
      detail::rethrow_unwinding();
      wrong = detail::reason_of_caught().to_string();
    }
    if (!wrong) return;
    const std::lock_guard hold{lock};
    found.add(name, path, std::move(*wrong));
  }

  void check_answers(std::span<const chaos_expectation> expectations, const tree_view& view) {
    const auto lookup = [this](std::string_view path, pid process) { return find_worker(path, process); };
    for (const chaos_expectation& each : expectations) {
      check_own("expectation", each.path, [&] { return check_expectation(each, view, lookup); });
    }
  }

  std::map<std::string, pid, std::less<>> living() const {
    std::map<std::string, pid, std::less<>> all_of_them;
    for (const auto& [process, life] : tree.lives()) all_of_them.emplace(life.path, process);
    return all_of_them;
  }

  const bool is_virtual;
  mutable std::mutex lock;
  known_tree tree;
  violation_list found;

  supervised supervision;
  one_incarnation incarnations;
  start_and_stop_order order;
  budget budgets;
  names_in_place names;
  exit_signals_heeded signals;
  monitors_answered monitors;
  calls_settled calls;
  accounted_processes accounts;
  same_live_objects objects;
  const std::vector<invariant*> all{&supervision, &incarnations, &order, &budgets, &names,
                                    &signals,     &monitors,     &calls, &accounts};

  std::vector<pid> present;  // before the tree
  std::vector<std::pair<std::string, user_invariant>> own;
  std::vector<chaos_expectation> expected;
  std::function<const worker*(std::string_view, pid)> worker_at;
  std::unordered_map<std::string, const worker*> declared_workers;
};

invariant_checker::invariant_checker(const invariant_options& options) : state_{std::make_unique<state>(options)} {}
invariant_checker::~invariant_checker() = default;

void invariant_checker::add(std::string name, user_invariant rule) {
  if (!rule) throw std::invalid_argument{"coppice: the invariant \"" + name + "\" has no function"};
  state_->own.emplace_back(std::move(name), std::move(rule));
}

void invariant_checker::add(chaos_expectation expected) {
  state_->expected.push_back(std::move(expected));
}

void invariant_checker::begin() {
  state_->present = processes();
  state_->objects.begin();
  state_->monitors.begin();
}

// What happens
// ---------------------------------------------------------------------------------------------------------------

void invariant_checker::root_started(std::string_view path, pid root, time now) {
  state& here = *state_;
  const std::lock_guard hold{here.lock};
  here.found.set_time(now);
  here.monitors.root_started(root);
  std::optional<tree_step> early;
  here.tree.root_started(path, root, now, early);
  if (!early) return;
  here.tree.resolve(*early);
  here.take(std::move(*early));
}

void invariant_checker::supervisor_starting(std::string_view path, const supervisor_flags& flags,
                                            std::span<const child_spec> children, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::supervisor_starting, .time = now, .path = path};
  step.supervisor_process = supervisor;
  step.flags = &flags;
  step.specs = children;
  state_->tell(step);
}

void invariant_checker::child_added(std::string_view path, const child_spec& spec, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_added, .time = now, .path = path};
  step.supervisor_process = supervisor;
  step.specs = {&spec, 1};
  state_->tell(step);
}

void invariant_checker::child_starting(std::string_view path, child_type type, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_starting, .time = now, .path = path};
  step.supervisor_process = supervisor;
  step.type = type;
  state_->tell(step);
}

void invariant_checker::child_started(std::string_view path, child_type type, pid child, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_started, .time = now, .path = path, .process = child};
  step.supervisor_process = supervisor;
  step.type = type;
  // A start function may hand its supervisor a process that somebody else has spawned: nobody tells of its end.
  const auto about = process_info(child, info::parent);
  step.foreign = about && about->parent != supervisor;
  state_->tell(step);
}

void invariant_checker::child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_start_failed, .time = now, .path = path};
  step.supervisor_process = supervisor;
  step.reason = reason;
  state_->tell(std::move(step));
}

void invariant_checker::child_terminating(std::string_view path, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_terminating, .time = now, .path = path};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::child_ending(std::string_view path, pid child, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_ending, .time = now, .path = path, .process = child};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::child_deleted(std::string_view path, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::child_deleted, .time = now, .path = path};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::restarting(std::string_view path, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::restarting, .time = now, .path = path};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::restart_limit_reached(std::string_view path, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::restart_limit_reached, .time = now, .path = path};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::supervisor_stopping(std::string_view path, pid supervisor, time now) {
  tree_step step{.what = tree_step::kind::supervisor_stopping, .time = now, .path = path};
  step.supervisor_process = supervisor;
  state_->tell(step);
}

void invariant_checker::process_ended(pid ended, pid parent, const exit_reason& reason, time now) {
  tree_step step{.what = tree_step::kind::process_ended, .time = now};
  step.process = ended;
  step.supervisor_process = parent;
  step.reason = reason;
  state_->tell(std::move(step));
}

void invariant_checker::announce_name(std::string_view path, std::string name) {
  const std::lock_guard hold{state_->lock};
  state_->tree.announce(path, std::move(name));
}

void invariant_checker::call_begun() {
  const std::lock_guard hold{state_->lock};
  state_->calls.call_begun();
}

void invariant_checker::call_answered() {
  const std::lock_guard hold{state_->lock};
  state_->calls.call_answered();
}

void invariant_checker::call_failed() {
  const std::lock_guard hold{state_->lock};
  state_->calls.call_failed();
}

// Checks
// ---------------------------------------------------------------------------------------------------------------------

void invariant_checker::check_quiet(std::span<const pid> harness, time now) {
  state& here = *state_;
  if (here.is_virtual) {
    const time before = monotonic_time();
    if (!all_has_arrived()) return;
    now += monotonic_time() - before;
  }
  here.monitors.settle(here.is_virtual);
  tree_scene scene;
  here.look(scene, harness, now);
  std::map<std::string, pid, std::less<>> living;
  {
    const std::lock_guard hold{here.lock};
    here.found.set_time(now);
    for (invariant* each : here.all) each->check_quiet(here.tree, scene, here.found);
    living = here.living();
  }
  // What has to wait for processes must not keep observers waiting.
  violation_list later{scene.processes.size()};
  for (const auto& each : scene.later) each(later);
  here.add(later);
  const tree_view view{std::move(living)};
  for (const auto& each : here.own) {
    here.check_own(each.first, "", [&] { return each.second(view); });
  }
  here.check_answers(here.expected, view);
}

void invariant_checker::check_answers(std::span<const chaos_expectation> expected, time now) {
  state& here = *state_;
  std::map<std::string, pid, std::less<>> living;
  {
    const std::lock_guard hold{here.lock};
    here.found.set_time(now);
    living = here.living();
  }
  here.check_answers(expected, tree_view{std::move(living)});
}

void invariant_checker::check_gone(std::span<const pid> harness, time now) {
  state& here = *state_;
  here.monitors.settle(here.is_virtual);
  tree_scene scene;
  here.look(scene, harness, now);
  {
    const std::lock_guard hold{here.lock};
    here.found.set_time(now);
    for (invariant* each : here.all) each->check_gone(here.tree, scene, here.found);
  }
  here.monitors.end();
  violation_list counted{here.all.size()};
  here.objects.check_gone(here.is_virtual, counted);
  here.add(counted);
}

// Results
// --------------------------------------------------------------------------------------------------------------------

std::vector<chaos_violation> invariant_checker::violations() const {
  const std::lock_guard hold{state_->lock};
  return state_->found.kept();
}

std::uint64_t invariant_checker::count() const {
  const std::lock_guard hold{state_->lock};
  return state_->found.count();
}

std::vector<std::string> invariant_checker::broken() const {
  const std::lock_guard hold{state_->lock};
  std::vector<std::string> all;
  for (const auto& [name, count] : state_->found.counts()) all.push_back(name);
  return all;
}

std::vector<std::string> invariant_checker::names() {
  const state made{invariant_options{}};
  std::vector<std::string> all;
  for (const invariant* each : made.all) all.emplace_back(each->name());
  all.emplace_back(same_live_objects::name());
  return all;
}

}  // namespace coppice
