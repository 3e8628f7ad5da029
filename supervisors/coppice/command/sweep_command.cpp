#include <atomic>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/sweep.hpp>
#include <coppice/chaos/sweep_junit.hpp>
#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/chaos_command.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/junit_place.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/progress_line.hpp>
#include <coppice/command/quiet_log.hpp>
#include <coppice/command/replay.hpp>
#include <coppice/command/signal_thread.hpp>
#include <coppice/command/tree_display.hpp>
#include <coppice/process/random.hpp>
#include <coppice/process/suggestion.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/script_file.hpp>
#include <coppice/tree/script_runner.hpp>
#include <coppice/tree/tree_paths.hpp>

namespace coppice::command {

namespace {

// So many failed runs are told one by one.
constexpr std::size_t failures_shown = 20;

// What is wrong with a file is told, as far as it can be without a tree if that is wrong itself: then false.
bool read_steps(const std::string& path, const std::optional<supervisor_spec>& root, const worker_registry& workers,
                std::vector<script_step>& into) {
  script_file script = read_script_file(path, workers);
  if (root && script.steps) check_script_messages(*root, *script.steps, workers, script.faults);
  complain_lines(script.faults.text());
  if (!script.faults.empty()) return false;
  into = std::move(*script.steps);
  return true;
}

bool read_expectations(const std::string& path, const std::optional<supervisor_spec>& root,
                       const worker_registry& workers, std::vector<chaos_expectation>& into) {
  if (!root) {
    complain_lines(find_chaos_expectations_faults(path, workers).text());
    return false;
  }
  chaos_expectations_file file = read_chaos_expectations_file(path, *root, workers);
  complain_lines(file.faults.text());
  if (!file.expected) return false;
  into = std::move(*file.expected);
  return true;
}

// The ways and the victims of the command line. What is wrong with them is told: then false.
bool read_choice(const chaos_command_options& options, const supervisor_spec& root, sweep_options& into) {
  std::string faults;
  std::vector<std::string_view> known;
  for (const hit_way each : all_hit_ways) known.push_back(to_string(each));
  for (const auto& each : options.ways) {
    if (const auto way = parse_hit_way(each)) {
      into.ways.push_back(*way);
      continue;
    }
    const auto meant = closest(each, known);
    faults += fmt::format("coppice: chaos: expected {} after --way; got {}{}\n", fmt::join(known, ", "),
                          detail::in_quotes(each), meant ? fmt::format("; did you mean \"{}\"?", *meant) : "");
  }
  into.victims.paths = options.victims;
  for (const auto& each : options.victims) {
    const chaos_victims alone{{each}, {}, chaos_victims::kind::any};
    if (detail::first_victim(root, alone)) continue;
    const auto meant = detail::pattern_meant(root, each);
    faults += fmt::format("coppice: chaos: --victims {} names no process of the tree{} {}\n", detail::in_quotes(each),
                          meant ? fmt::format("; did you mean {}?", detail::in_quotes(*meant)) : ".",
                          detail::paths_told(root));
  }
  complain_lines(faults);
  return faults.empty();
}

std::string ways_text(const sweep_options& options) {
  if (!options.ways.empty()) {
    std::vector<std::string_view> names;
    for (const hit_way each : options.ways) names.push_back(to_string(each));
    return fmt::format("{}", fmt::join(names, ", "));
  }
  return fmt::format("{} ways", std::size(all_hit_ways));
}

std::string violation_lines(const std::vector<chaos_violation>& broken) {
  std::string lines;
  for (const auto& each : broken) lines += "    " + to_string(each) + "\n";
  return lines;
}

std::string replay_of(const chaos_command_options& options, const sweep_failure& failure) {
  return chaos_replay(options, *options.seed,
                      fmt::format(" --point {} --way {}", failure.point.number, to_string(failure.way)));
}

std::string report_text(const chaos_command_options& options, const sweep_options& how, const sweep_outcome& outcome) {
  std::set<std::string_view> paths;
  for (const auto& each : outcome.points) paths.insert(each.path);
  std::string text = fmt::format(
      "{}: {} of {}, {}: {}{}, {} failed{}\n", shown_name(options.tree), counted(outcome.points.size(), "point"),
      counted(paths.size(), "process"), ways_text(how), counted(outcome.runs, "run"),
      outcome.interrupted ? fmt::format(" of {} (interrupted)", detail::grouped(outcome.all_runs)) : "",
      detail::grouped(outcome.failures.size()),
      outcome.roots_lost > 0 ? fmt::format("; the root was lost in {}", detail::grouped(outcome.roots_lost)) : "");
  std::size_t told = 0;
  for (const auto& each : outcome.failures) {
    if (++told > failures_shown) {
      text += fmt::format("  and {} more\n", detail::grouped(outcome.failures.size() - failures_shown));
      break;
    }
    text += fmt::format("  point {}, {}, {}:\n{}    to see it again: {}\n", each.point.number, to_string(each.point),
                        to_string(each.way), violation_lines(each.broken), replay_of(options, each));
  }
  return text;
}

}  // namespace

exit_status run_sweep(const chaos_command_options& given) {
  chaos_command_options options = given;
  const worker_registry workers = workers_with(options.libraries);
  const auto root = read_tree(options.tree, workers, options.libraries);
  std::vector<script_step> steps;
  sweep_options how;
  bool is_sound = root.has_value();
  if (options.script) is_sound = read_steps(*options.script, root, workers, steps) && is_sound;
  if (options.expect) is_sound = read_expectations(*options.expect, root, workers, how.expected) && is_sound;
  if (root) is_sound = read_choice(options, *root, how) && is_sound;
  if (!is_sound) return bad_input;
  // Told when it is known that something can be run with it.
  std::atomic<bool> is_untold{!options.seed};
  if (!options.seed) options.seed = random_seed();
  const auto tell_seed = [&] {
    if (is_untold.exchange(false)) complain(fmt::format("seed {}", *options.seed));
  };
  how.seed = *options.seed;
  how.only = options.point;
  const junit_place junit{options};

  const signals_kept_back kept_back;
  const quiet_log quiet{options.verbose};
  output screen = junit.is_standard_output() ? output::standard_error() : output{"-"};
  progress_line progress;
  std::atomic<bool> enough{false};
  how.progress = [&](std::size_t done, std::size_t all) {
    tell_seed();
    progress.show(done, all, "runs");
    return !enough.load();
  };
  if (how.only) how.trace = [&screen](std::string_view line) { return screen.write(std::string{line} + "\n"); };
  sweep_outcome outcome;
  try {
    const signal_thread signals{kept_back,
                                {[&](int) {
                                   enough.store(true);
                                   tell_seed();
                                 },
                                 [](int number) { end_at_once(number, ", without a report"); }, [] {}}};
    outcome = sweep(*root, steps, workers, how);
  } catch (const std::invalid_argument& refused) {
    complain(fmt::format("chaos: --point: {}", refused.what()));
    return bad_input;
  }
  progress.clear();
  tell_seed();

  const bool begins_well = outcome.without_hit.empty();
  if (begins_well) {
    screen.write(report_text(options, how, outcome));
  } else {
    complain_lines(fmt::format("{}: with seed {} something is wrong before anything is hit:\n{}    to see it: {}\n",
                               shown_name(options.script.value_or(options.tree)), *options.seed,
                               violation_lines(outcome.without_hit), chaos_replay(options, *options.seed)));
  }
  bool all_is_well = screen.close();
  if (!all_is_well) complain(screen.fault());
  const std::string faults = junit.write(sweep_junit(
      outcome, *options.seed, [&options](const sweep_failure& each) { return replay_of(options, each); },
      chaos_replay(options, *options.seed)));
  if (!faults.empty()) {
    complain_lines(faults + "\n");
    all_is_well = false;
  }
  return all_is_well && begins_well && outcome.failures.empty() && !outcome.interrupted ? orderly_end : failed;
}

}  // namespace coppice::command
