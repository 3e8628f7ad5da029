#include <string>

#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/overwriting.hpp>
#include <coppice/command/replay.hpp>
#include <coppice/command/script_command.hpp>
#include <coppice/process/log.hpp>
#include <coppice/tree/script_file.hpp>
#include <coppice/tree/script_runner.hpp>

namespace coppice::command {

exit_status run_with_script(const run_options& options) {
  const worker_registry workers = workers_with(options.libraries);
  const auto root = read_tree(options.tree, workers, options.libraries);
  script_file script = read_script_file(*options.script, workers);
  if (root && script.steps) check_script_messages(*root, *script.steps, workers, script.faults);
  complain_lines(script.faults.text());
  if (!root || !script.faults.empty()) return bad_input;

  if (options.trace) refuse_to_overwrite("run", "--trace", *options.trace, options.files_read());
  output trace{options.trace.value_or("-")};
  // A script crashes workers on purpose, and the trace has it all.
  if (!options.verbose) set_log_handler([](const log_record&) {});
  const std::string failure = run_script(
      *root, *script.steps, workers, [&trace](std::string_view line) { return trace.write(std::string{line} + "\n"); },
      options.seed);
  set_log_handler({});
  if (!trace.close()) {
    complain(trace.fault());
    return failed;
  }
  if (!failure.empty()) {
    complain_lines(shown_name(*options.script) + ": " + failure + "\n");
    if (options.simulate) say_replay(options);
    return bad_input;
  }
  return orderly_end;
}

}  // namespace coppice::command
