#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_json.hpp>
#include <coppice/chaos/chaos_page.hpp>
#include <coppice/chaos/chaos_run.hpp>
#include <coppice/chaos/chaos_session.hpp>
#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/chaos_verdict.hpp>
#include <coppice/chaos/growth_check.hpp>
#include <coppice/chaos/junit_file.hpp>
#include <coppice/chaos/limits_check.hpp>
#include <coppice/chaos/report_folder.hpp>
#include <coppice/chaos/run_warnings.hpp>
#include <coppice/chaos/watched_tree.hpp>
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
#include <coppice/process/random.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_file.hpp>

namespace coppice::command {

namespace {

// The plan beside the tree, or the tree's own. Faults are told.
std::optional<chaos_plan> plan_of(const chaos_command_options& options, tree_file& tree,
                                  const worker_registry& workers) {
  if (options.plan) {
    chaos_plan_file read = read_chaos_plan_file(*options.plan, *tree.root, workers);
    if (!read.plan) complain_lines(read.faults.text());
    return std::move(read.plan);
  }
  if (!tree.chaos) {
    complain_lines(fmt::format(
        "{}: expected a chaos plan: \"chaos\" in the tree, or a file of its own behind it on the command line; got "
        "none. A small one: {{\"chaos\": {{\"duration_ms\": 10000, \"faults\": [{{\"victims\": \"leaf\", \"how\": "
        "\"kill\"}}]}}}}. Without a plan, --sweep hits each process at each of its points.\n",
        shown_name(options.tree)));
  }
  return std::move(tree.chaos);
}

bool refuses(const chaos_command_options& options, const chaos_plan& plan, const supervisor_spec& root) {
  const auto refused = refuse_limits(plan.limits, plan, root, !options.real_time);
  for (const auto& each : refused) {
    complain_lines(fmt::format("{}: limits: {}\n", shown_name(options.plan.value_or(options.tree)), each));
  }
  return !refused.empty();
}

bool show(const std::string& text, bool on_standard_error) {
  output screen = on_standard_error ? output::standard_error() : output{"-"};
  screen.write(text);
  if (screen.close()) return true;
  complain(screen.fault());
  return false;
}

// Tells what could not be written, if anything.
bool was_written(const std::string& faults) {
  if (faults.empty()) return true;
  complain_lines(faults + "\n");
  return false;
}

bool has_colours() {
  const char* refused = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0');
}

}  // namespace

exit_status run_chaos(const chaos_command_options& given) {
  chaos_command_options options = given;
  const worker_registry workers = workers_with(options.libraries);
  auto tree = read_whole_tree(options.tree, workers, options.libraries);
  if (!tree) {
    // Whoever mends the tree learns at once what else is to be mended.
    if (options.plan) complain_lines(find_chaos_plan_faults(*options.plan, workers).text());
    return bad_input;
  }
  const auto plan = plan_of(options, *tree, workers);
  if (!plan || refuses(options, *plan, *tree->root)) return bad_input;
  if (!options.seed) options.seed = plan->seed;
  const bool is_drawn = !options.seed;
  if (is_drawn) options.seed = random_seed();
  // Before the run, so that nothing is run whose answer could not be kept.
  std::optional<report_folder> folder;
  if (options.report) folder.emplace(*options.report);
  const junit_place junit_file_place{options};
  if (is_drawn) complain(fmt::format("seed {}", *options.seed));

  const signals_kept_back kept_back;
  const quiet_log quiet{options.verbose};
  progress_line progress;
  chaos_run_options how;
  how.seed = *options.seed;
  how.real_time = options.real_time;
  how.threads = options.threads;
  how.progress = [&progress](const chaos_progress& now) { progress.show(now); };
  chaos_run storm{*tree->root, workers, *plan, std::move(how)};
  chaos_outcome outcome;
  {
    std::atomic<bool> is_stopped{false};
    signal_thread signals{
        kept_back,
        {[&](int number) {
           const std::string patience =
               options.real_time ? fmt::format("; it has {} s to come to rest", chaos_session::patience.count()) : "";
           progress.clear();
           complain(fmt::format("({}): no more harm; the tree grows back, and is shut down{}", signal_name(number),
                                patience));
           is_stopped.store(true);
           storm.stop();
         },
         [](int number) { end_at_once(number, ", without a report"); },
         [&] {
           if (!is_stopped.load()) return;
           if (const std::string what = storm.waits_for(); !what.empty()) complain("waiting for " + what);
         }}};
    signals.tick(true);
    outcome = storm.run();
  }
  progress.clear();

  const chaos_figures figures = compute_figures(outcome.record);
  chaos_verdict verdict;
  verdict.broken_invariants = check_growth(outcome.record, figures);
  for (auto& each : outcome.broken_invariants) verdict.broken_invariants.push_back(std::move(each));
  verdict.broken_limits = check_limits(plan->limits, outcome.record, figures);
  verdict.warnings = warnings_of(*plan, outcome.record);
  verdict.replay = chaos_replay(options, *options.seed);
  chaos_table_options look;
  look.colour = !junit_file_place.is_standard_output() && has_colours();
  bool all_is_well = show(chaos_table(outcome.record, figures, verdict, look), junit_file_place.is_standard_output());
  const std::string junit = junit_file(outcome.record, figures, plan->limits, verdict, invariant_names(*plan));
  if (!was_written(junit_file_place.write(junit))) all_is_well = false;
  if (folder && !was_written(folder->write({{"report.json", chaos_json(outcome.record, figures, plan->limits, verdict)},
                                            {"report.html", chaos_page(outcome.record, figures, verdict)},
                                            {"junit.xml", junit}}))) {
    all_is_well = false;
  }
  if (outcome.record.interrupted) complain("the plan was not carried out to its end");
  if (!verdict.passed()) complain("to see it again: " + verdict.replay);
  return all_is_well && verdict.passed() && !outcome.record.interrupted ? orderly_end : failed;
}

}  // namespace coppice::command
