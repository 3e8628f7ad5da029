#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <coppice/chaos/time_in_outages.hpp>
#include <coppice/tree/tree_paths.hpp>

namespace coppice::detail {

namespace {

using std::chrono::nanoseconds;

template <class... Kinds>
bool is_one_of(const chaos_harm& how) {
  return (std::holds_alternative<Kinds>(how) || ...);
}

// What takes time by itself, or lets it pass between the hit and the end.
bool always_takes_time(const chaos_harm& how) {
  return is_one_of<harm::hang, harm::slow, harm::bad_alloc>(how);
}

bool is_kill(const chaos_harm& how) {
  return is_one_of<harm::kill, harm::fail_starts>(how);
}

bool ends(const chaos_harm& how) {
  return is_kill(how) || is_one_of<harm::crash, harm::throw_exception, harm::exit_signal>(how);
}

bool is_delay(const chaos_harm& how) {
  return is_one_of<harm::delay>(how);
}

template <class Is>
bool any_harm(const chaos_plan& plan, Is is_so) {
  return std::any_of(plan.phases.begin(), plan.phases.end(), [&](const chaos_phase& phase) {
    return std::any_of(phase.faults.begin(), phase.faults.end(), [&](const chaos_fault& fault) {
      return std::any_of(fault.how.begin(), fault.how.end(), is_so);
    });
  });
}

// More restarts than the plan makes, in practice: a Poisson count beyond that has less than one chance in 10^20.
double most_restarts(const chaos_plan& plan, const supervisor_spec& root) {
  double all = 0;
  for (const auto& phase : plan.phases) {
    for (const auto& fault : phase.faults) {
      const double mean = fault.per_second * std::chrono::duration<double>{phase.duration}.count();
      double strikes = 1;
      if (fault.spread == chaos_fault::distribution::regular) strikes = mean + 1;
      if (fault.spread == chaos_fault::distribution::poisson) strikes = mean + 12 * std::sqrt(mean) + 30;
      double restarts = 0;  // for one victim
      for (const auto& how : fault.how) {
        if (!ends(how)) continue;
        const auto* failing = std::get_if<harm::fail_starts>(&how);
        restarts = std::max(restarts, 1 + (failing != nullptr ? static_cast<double>(failing->count) : 0));
      }
      all += strikes * restarts * (fault.share ? static_cast<double>(process_count(root)) : fault.count);
    }
  }
  return all;
}

/// Who of a tree may end under a plan, and whether time passes then. The replicas of a worker are one entry.
class ends_of_a_tree {
 public:
  ends_of_a_tree(const chaos_plan& plan, const supervisor_spec& root)
      : root_{root}, most_restarts_{most_restarts(plan, root)} {
    add(root, root.id, 0);
    for (const auto& phase : plan.phases) {
      for (const auto& fault : phase.faults) hit(fault);
    }
    for (const auto& load : plan.load) {
      // Who works may fail at it.
      each_of(load.to, [this](std::size_t entry) { end(entry, true); });
    }
  }

  bool take_time() const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const entry& each = entries_[i];
      if (each.ends && each.cost->init > nanoseconds{0}) return true;
      if (each.terminates && each.cost->terminate > nanoseconds{0}) return true;
      const bool is_busy_with_it = each.ends || std::any_of(each.children.begin(), each.children.end(),
                                                            [this](std::size_t child) { return entries_[child].ends; });
      if (is_busy_with_it && (each.cost->handler > nanoseconds{0} || each.is_delayed)) return true;
    }
    return false;
  }

 private:
  struct entry {
    const supervisor_spec* supervisor = nullptr;  // null: a worker
    const virtual_cost* cost = nullptr;
    std::size_t above = 0;
    std::size_t place = 0;  // among its siblings
    restart_type restart = restart_type::permanent;
    bool significant = false;
    std::vector<std::size_t> children;

    bool ends = false;
    bool terminates = false;    // and its `terminate` runs then
    bool is_delayed = false;    // what is sent to it
    std::size_t down_from = 0;  // of its children, so many have not gone down with another; the others have
  };

  // Of a supervisor or a worker, before it has a place.
  template <class Spec>
  static entry entry_of(const Spec& spec, const supervisor_spec* supervisor, std::size_t above) {
    return {.supervisor = supervisor,
            .cost = &spec.cost,
            .above = above,
            .place = 0,
            .restart = spec.restart,
            .significant = spec.significant,
            .children = {}};
  }

  std::size_t add(const supervisor_spec& of, const std::string& path, std::size_t above) {
    const std::size_t index = entries_.size();
    entries_.push_back(entry_of(of, &of, above));
    supervisors_.emplace(path, index);
    for (const auto& child : of.children) {
      std::size_t made = entries_.size();
      if (const auto* below = child.if_supervisor()) {
        add(*below, path + "/" + below->id, index);
      } else {
        const worker_spec& worker = *child.if_worker();
        entries_.push_back(entry_of(worker, nullptr, index));
        workers_.emplace(&worker, made);
      }
      entries_[made].place = entries_[index].children.size();
      entries_[index].children.push_back(made);
    }
    entries_[index].down_from = entries_[index].children.size();
    return index;
  }

  template <class Function>
  void each_of(const chaos_victims& victims, Function act) {
    visit_victims(root_, victims, [&](const std::string& path, const worker_spec* worker) {
      act(worker != nullptr ? workers_.at(worker) : supervisors_.at(path));
      return true;
    });
  }

  void hit(const chaos_fault& fault) {
    const bool cuts = std::any_of(fault.how.begin(), fault.how.end(), ends);
    const bool delays = std::any_of(fault.how.begin(), fault.how.end(), is_delay);
    // Nothing of a process runs any more when it is killed.
    const bool terminates =
        std::any_of(fault.how.begin(), fault.how.end(), [](const auto& how) { return ends(how) && !is_kill(how); });
    each_of(fault.victims, [&](std::size_t victim) {
      if (delays) entries_[victim].is_delayed = true;
      if (cuts) end(victim, terminates);
    });
  }

  // By itself or by a hit, so that its supervisor has to do something.
  void end(std::size_t index, bool terminates) {
    if (index == 0) return;
    entry& of = entries_[index];
    if (of.ends && (of.terminates || !terminates)) return;
    of.ends = true;
    of.terminates = of.terminates || terminates;
    for (const std::size_t child : of.children) go_down(child);
    entry& above = entries_[of.above];
    const supervisor_spec& supervisor = *above.supervisor;
    if (supervisor.auto_shutdown != auto_shutdown::never && of.significant) end(of.above, true);
    if (of.restart == restart_type::temporary) return;
    // The other replicas of its entry may be before it and behind it.
    if (supervisor.strategy != strategy::one_for_one) {
      const std::size_t first = supervisor.strategy == strategy::one_for_all ? 0 : of.place;
      for (std::size_t i = first; i < above.down_from; ++i) go_down(above.children[i]);
      above.down_from = std::min(above.down_from, first);
    }
    if (most_restarts_ > supervisor.max_restarts) end(of.above, true);
  }

  // Because another does.
  void go_down(std::size_t index) {
    entry& of = entries_[index];
    if (of.terminates) return;
    of.ends = true;
    of.terminates = true;
    for (const std::size_t child : of.children) go_down(child);
  }

  const supervisor_spec& root_;
  const double most_restarts_;
  std::vector<entry> entries_;  // the root first
  std::unordered_map<std::string, std::size_t> supervisors_;
  std::unordered_map<const worker_spec*, std::size_t> workers_;
};

bool is_free(const virtual_cost& cost) {
  return cost.init <= nanoseconds{0} && cost.handler <= nanoseconds{0} && cost.terminate <= nanoseconds{0};
}

bool everything_is_free(const supervisor_spec& of) {
  return is_free(of.cost) && std::all_of(of.children.begin(), of.children.end(), [](const tree_child& child) {
           const worker_spec* worker = child.if_worker();
           return worker != nullptr ? is_free(worker->cost) : everything_is_free(*child.if_supervisor());
         });
}

}  // namespace

bool can_outages_take_time(const chaos_plan& plan, const supervisor_spec& root) {
  if (any_harm(plan, always_takes_time)) return true;
  const bool has_delays = any_harm(plan, is_delay);
  if (!has_delays && everything_is_free(root)) return false;
  // Who ends then does so of time-outs and of its own work, of which plan and tree say nothing.
  if (!any_harm(plan, ends)) return true;
  return ends_of_a_tree{plan, root}.take_time();
}

}  // namespace coppice::detail
