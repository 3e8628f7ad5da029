#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/shutdown_bound.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/tree_warning.hpp>

namespace coppice {

namespace {

using detail::duration_text;
using detail::grouped;

bool is_restartable(tree_child const& child) {
  return child.restart() != restart_type::temporary;
}

std::uint64_t restartable_processes(supervisor_spec const& one) {
  std::uint64_t number = 0;
  for (tree_child const& child : one.children) number += is_restartable(child) ? child.processes() : 0;
  return number;
}

// Looks at one supervisor after the other, in the order of the file.
class examiner {
 public:
  void look_at(supervisor_spec const& one) {
    look_at_budget(one);
    look_at_auto_shutdown(one);
    std::uint64_t const restartable = restartable_processes(one);
    std::uint64_t before = 0;
    for (tree_child const& child : one.children) {
      // A sibling of this child is restarted, and takes it along: any one, or one that was started before it. Of
      // replicas each is a sibling of the others.
      std::uint64_t const own = is_restartable(child) ? child.processes() : 0;
      bool const has_provoker =
          one.strategy == strategy::one_for_all ? restartable > std::min<std::uint64_t>(own, 1) : before > 0 || own > 1;
      if (has_provoker && one.strategy != strategy::one_for_one) look_at_group_member(one, child);
      look_at_child(child);
      before += own;
    }
  }

  std::vector<tree_warning> take() { return std::move(warnings_); }

 private:
  void warn(std::string const& pointer, std::string_view semantic, std::string message) {
    warnings_.push_back({pointer, std::move(message), semantic});
  }

  void look_at_budget(supervisor_spec const& one) {
    std::uint64_t const restartable = restartable_processes(one);
    if (restartable == 0) return;
    if (one.max_restarts == 0) {
      warn(one.pointer, "S102",
           "with \"max_restarts\": 0 nothing is ever restarted: the first failure of a child makes the supervisor give "
           "up. "
           "Write 1 or more for restarts.");
    } else if (restartable > one.max_restarts) {
      warn(one.pointer, "S103",
           fmt::format("{} children share a budget of {} {} within {} s; if {} of them fail once each in that time, "
                       "the supervisor "
                       "gives up. Raise \"max_restarts\", or give them supervisors of their own.",
                       grouped(restartable), grouped(one.max_restarts), one.max_restarts == 1 ? "restart" : "restarts",
                       one.max_seconds.count(), grouped(std::uint64_t{one.max_restarts} + 1)));
    }
  }

  void look_at_auto_shutdown(supervisor_spec const& one) {
    if (one.auto_shutdown == auto_shutdown::never) return;
    auto const significant = [](tree_child const& child) { return child.significant(); };
    if (std::none_of(one.children.begin(), one.children.end(), significant)) {
      warn(one.pointer, "S112",
           fmt::format("\"auto_shutdown\": \"{}\" waits for significant children, and no child here is one. Write "
                       "\"significant\": "
                       "true there, or leave it out unless they are added later.",
                       to_string(one.auto_shutdown)));
    }
  }

  // What happens to a child because a sibling is restarted.
  void look_at_group_member(supervisor_spec const& one, tree_child const& child) {
    if (child.restart() == restart_type::permanent) return;
    if (child.restart() == restart_type::temporary) {
      warn(child.pointer(), "S100",
           fmt::format("a temporary child vanishes for good when {} is restarted, since the strategy is {}. Write "
                       "\"transient\" if "
                       "it should come back with the others.",
                       provoker(one), to_string(one.strategy)));
    } else {
      warn(child.pointer(), "S101",
           fmt::format("a transient child that has ended normally is started again when {} is restarted, since the "
                       "strategy is {}. "
                       "Write \"temporary\" if it should run once at most.",
                       provoker(one), to_string(one.strategy)));
    }
  }

  static std::string_view provoker(supervisor_spec const& one) {
    return one.strategy == strategy::one_for_all ? "a sibling" : "a sibling before it";
  }

  void look_at_child(tree_child const& child) {
    if (auto const* worker = child.if_worker()) look_at_cost(*worker);
    if (auto const* inner = child.if_supervisor()) {
      look_at_inner(*inner);
      look_at(*inner);
    } else if (!child.shutdown().is_brutal_kill() && child.shutdown() == shutdown_time{std::chrono::milliseconds{0}}) {
      warn(child.pointer(), "S88",
           "\"shutdown\": 0 is no time at all: the worker is asked to end and killed at once. Write milliseconds, or "
           "\"infinity\" "
           "for no limit.");
    }
  }

  void look_at_cost(worker_spec const& worker) {
    if (worker.shutdown.is_infinity() || worker.shutdown.is_brutal_kill()) return;
    std::chrono::nanoseconds const limit = worker.shutdown.limit();
    if (worker.cost.terminate < limit || limit == std::chrono::nanoseconds{0}) return;
    warn(worker.pointer, "S88",
         fmt::format("in a chaos run it is killed before it has ended: it is given {}, and its orderly end costs {}. "
                     "Lower \"terminate_us\" or raise \"shutdown\".",
                     detail::short_time_text(limit), detail::short_time_text(worker.cost.terminate)));
  }

  void look_at_inner(supervisor_spec const& inner) {
    // A significant one is expected to end: its supervisor sees to what follows.
    if (inner.restart == restart_type::transient && !inner.significant) {
      warn(
          inner.pointer, "S106",
          "a transient supervisor that gives up is not restarted: it exits with shutdown, which is a normal end. Write "
          "\"permanent\" if it should come back.");
    }
    if (inner.restart == restart_type::temporary && !inner.significant) {
      warn(inner.pointer, "S96",
           "a temporary supervisor that gives up is gone with all under it, and its spec too. Write \"permanent\" if "
           "it should "
           "come back.");
    }
    if (inner.restart == restart_type::permanent && inner.auto_shutdown != auto_shutdown::never) {
      warn(inner.pointer, "S96",
           "a permanent supervisor that shuts itself down is restarted at once, and that counts against the budget "
           "above it. Write "
           "\"restart\": \"transient\" if it should stay down.");
    }
    look_at_grace(inner);
  }

  void look_at_grace(supervisor_spec const& inner) {
    if (inner.shutdown.is_infinity() || inner.children.empty()) return;
    constexpr std::string_view killed = "a killed supervisor ends nothing: its children get the exit signal killed";
    if (inner.shutdown.is_brutal_kill()) {
      warn(
          inner.pointer, "S93",
          fmt::format("\"brutal_kill\" for a supervisor: {}, whatever their own \"shutdown\" says. Write \"infinity\".",
                      killed));
      return;
    }
    auto const needed = detail::time_to_end_children(inner);
    if (needed && *needed <= inner.shutdown.limit()) return;
    warn(inner.pointer, "S88",
         fmt::format("it is killed after {}, but its children may take {} to end; {}. Write \"infinity\".",
                     duration_text(inner.shutdown.limit()), needed ? duration_text(*needed) : "any time", killed));
  }

  std::vector<tree_warning> warnings_;
};

}  // namespace

std::vector<tree_warning> warnings_of(supervisor_spec const& root) {
  examiner all;
  all.look_at(root);
  return all.take();
}

}  // namespace coppice
