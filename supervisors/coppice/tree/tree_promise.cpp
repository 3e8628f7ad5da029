#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/shutdown_bound.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_promise.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

namespace {

using detail::grouped;

constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? largest : result;
}

std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_add_overflow(a, b, &result) ? largest : result;
}

// The first process of a child: its replicas are alike.
std::string path_element(tree_child const& child) {
  auto const* worker = child.if_worker();
  return worker == nullptr ? child.id() : worker->replica_id(1);
}

// One way in which a supervisor comes to its end, by what one child does.
struct way_out {
  std::uint64_t restarts = 0;  ///< Under the supervisor until then.
  std::string path;            ///< From below the supervisor to the child.
  std::string formula;         ///< The factors, `(2 + 1) x (3 + 1)`.
};

void keep_longer(std::optional<way_out>& best, way_out candidate) {
  if (!best || candidate.restarts > best->restarts) best = std::move(candidate);
}

struct ends {
  std::optional<way_out> giving_up;
  std::optional<way_out> shutting_down;  ///< By auto_shutdown.
};

ends ends_of(supervisor_spec const& one);

// How a child comes to its end, with the restarts that went before under it.
std::optional<way_out> end_of(tree_child const& child) {
  auto const* inner = child.if_supervisor();
  if (inner == nullptr) return way_out{};
  ends both = ends_of(*inner);
  if (!both.giving_up) return both.shutting_down;
  if (both.shutting_down) keep_longer(both.giving_up, std::move(*both.shutting_down));
  return both.giving_up;
}

// Whether a supervisor ends itself when one of its significant children ends for good.
bool one_is_decisive(supervisor_spec const& one) {
  if (one.auto_shutdown != auto_shutdown::all_significant) return one.auto_shutdown == auto_shutdown::any_significant;
  std::uint64_t significant = 0;
  for (tree_child const& child : one.children) significant += child.significant() ? child.processes() : 0;
  return significant == 1;
}

ends ends_of(supervisor_spec const& one) {
  ends result;
  bool const decisive = one_is_decisive(one);
  for (tree_child const& child : one.children) {
    auto const end = end_of(child);
    if (!end) continue;
    bool const is_worker = child.if_worker() != nullptr;
    std::string const path = path_element(child) + (end->path.empty() ? "" : '/' + end->path);
    // A supervisor ends with `shutdown`, so that only a permanent one is restarted; a worker may fail as it likes.
    bool const restarted =
        child.restart() == restart_type::permanent || (is_worker && child.restart() == restart_type::transient);
    if (restarted) {
      std::uint64_t const budget = one.max_restarts;
      std::string formula;
      if (is_worker || !end->formula.empty()) {
        formula = fmt::format("({} + 1){}{}", budget, end->formula.empty() ? "" : " x ", end->formula);
      }
      keep_longer(result.giving_up, {plus(budget, times(budget + 1, end->restarts)), path, std::move(formula)});
    }
    if (!decisive || !child.significant()) continue;
    // A transient worker may use up the budget before it ends normally.
    bool const uses_budget = is_worker && child.restart() == restart_type::transient;
    keep_longer(result.shutting_down, {uses_budget ? one.max_restarts : end->restarts, path, ""});
  }
  return result;
}

// Counts processes, and collects the workers that may take for ever to end.
void count(supervisor_spec const& one, std::string const& path, bool bounded, tree_promise& promise) {
  ++promise.supervisors;
  for (tree_child const& child : one.children) {
    if (auto const* inner = child.if_supervisor()) {
      count(*inner, path + '/' + inner->id, bounded || !inner->shutdown.is_infinity(), promise);
      continue;
    }
    worker_spec const& worker = *child.if_worker();
    promise.workers[worker.start] += worker.processes();
    if (!bounded && worker.shutdown.is_infinity()) promise.shutdown.endless.push_back(path + '/' + path_element(child));
  }
}

std::string number_of(std::uint64_t number, std::string_view one) {
  return fmt::format("{} {}{}", grouped(number), one, number == 1 ? "" : "s");
}

std::string process_line(tree_promise const& promise) {
  std::uint64_t workers = 0;
  std::string kinds;
  for (auto const& [start, number] : promise.workers) {
    workers += number;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", grouped(number), detail::printable(start));
  }
  return fmt::format("{}: {} and {}{}", grouped(promise.processes()), number_of(promise.supervisors, "supervisor"),
                     number_of(workers, "worker"), kinds.empty() ? "." : fmt::format(" ({}).", kinds));
}

std::string restart_line(tree_promise const& promise) {
  if (!promise.until_root_gives_up) return "no child can make the root give up.";
  restart_promise const& worst = *promise.until_root_gives_up;
  std::string const number =
      worst.restarts == largest ? "more than " + grouped(largest - 1) : "at most " + grouped(worst.restarts);
  // One factor says nothing new, and very many nobody reads.
  constexpr std::size_t readable = 100;
  bool const multiplied = worst.formula.find(" x ") != std::string::npos && worst.formula.size() <= readable;
  return fmt::format(
      "the root gives up after {} {}{}, if {} fails again and again and all of it falls into the windows of "
      "\"max_seconds\".",
      number, worst.restarts == 1 ? "restart" : "restarts", multiplied ? fmt::format(", {}", worst.formula) : "",
      worst.path);
}

std::string shutdown_line(shutdown_promise const& shutdown) {
  if (shutdown.longest == std::chrono::milliseconds{0}) return "takes no time: no child is waited for.";
  if (shutdown.longest) return fmt::format("takes at most {}.", detail::duration_text(*shutdown.longest));
  constexpr std::size_t shown = 5;
  std::string paths;
  for (std::size_t i = 0; i < std::min(shown, shutdown.endless.size()); ++i) {
    paths += (i == 0 ? "" : ", ") + shutdown.endless[i];
  }
  if (shutdown.endless.size() > shown) paths += fmt::format(" and {} more", shutdown.endless.size() - shown);
  return fmt::format("may take for ever; no limit (\"infinity\") for {}.", paths);
}

std::size_t number_of_limits(chaos_limits const& limits) {
  std::size_t number = 0;
  for (auto const& one :
       {limits.recovery_median_ms, limits.recovery_p99_ms, limits.recovery_max_ms, limits.availability}) {
    number += one ? 1 : 0;
  }
  for (auto const& one : {limits.give_ups, limits.lost_messages, limits.failed_calls, limits.blast_radius}) {
    number += one ? 1 : 0;
  }
  return number;
}

std::string chaos_line(chaos_plan const& plan) {
  std::uint64_t faults = 0;
  for (chaos_phase const& phase : plan.phases) faults += phase.faults.size();
  std::string parts = number_of(faults, "fault");
  auto const add = [&parts](std::size_t number, std::string_view one) {
    if (number > 0) parts += ", " + number_of(number, one);
  };
  if (!plan.load.empty()) parts += fmt::format(", load of {}", number_of(plan.load.size(), "message"));
  add(plan.expect.size(), "expectation");
  add(number_of_limits(plan.limits), "limit");
  return fmt::format("takes {} in {}: {}.", detail::short_time_text(plan.duration()),
                     number_of(plan.phases.size(), "phase"), parts);
}

}  // namespace

std::uint64_t tree_promise::processes() const {
  std::uint64_t total = supervisors;
  for (auto const& [start, number] : workers) total += number;
  return total;
}

tree_promise promise_of(supervisor_spec const& root) {
  tree_promise promise;
  count(root, root.id, false, promise);
  if (auto worst = ends_of(root).giving_up) {
    std::string formula = worst->formula.empty() ? "" : worst->formula + " - 1";
    promise.until_root_gives_up = restart_promise{worst->restarts, root.id + '/' + worst->path, std::move(formula)};
  }
  promise.shutdown.longest = detail::time_to_end_children(root);
  promise.warnings = warnings_of(root);
  return promise;
}

tree_promise promise_of(supervisor_spec const& root, chaos_plan const& plan) {
  tree_promise promise = promise_of(root);
  promise.chaos = chaos_line(plan);
  return promise;
}

std::string promise_text(tree_promise const& promise, std::string_view file, std::size_t limit) {
  std::string const shown_file = detail::printable(file);
  std::string text = fmt::format("Processes: {}\nRestarts:  {}\nShutdown:  {}\n", process_line(promise),
                                 restart_line(promise), shutdown_line(promise.shutdown));
  if (!promise.chaos.empty()) text += fmt::format("Chaos:     {}\n", promise.chaos);
  std::size_t const shown = std::min(limit, promise.warnings.size());
  for (std::size_t i = 0; i < shown; ++i) {
    tree_warning const& one = promise.warnings[i];
    text += fmt::format("{}{}{}: warning: {}\n", shown_file, one.pointer.empty() ? "" : ":", one.pointer, one.message);
  }
  if (std::size_t const hidden = promise.warnings.size() - shown; hidden > 0) {
    text += fmt::format("{}: and {} more {}.\n", shown_file, grouped(hidden), hidden == 1 ? "warning" : "warnings");
  }
  return text;
}

}  // namespace coppice
