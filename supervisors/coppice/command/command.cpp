#include <exception>
#include <variant>

#include <coppice/chaos/report_folder.hpp>
#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/chaos_command.hpp>
#include <coppice/command/check_command.hpp>
#include <coppice/command/command.hpp>
#include <coppice/command/command_line.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/exit_status.hpp>
#include <coppice/command/graph_command.hpp>
#include <coppice/command/live_command.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/printed_answer.hpp>
#include <coppice/command/schema_command.hpp>
#include <coppice/command/script_command.hpp>
#include <coppice/command/simulated_run.hpp>

namespace coppice::command {

namespace {

exit_status perform(const run_options& options) {
  if (options.simulate) return run_simulated(options);
  return options.script ? run_with_script(options) : run_live(options);
}
exit_status perform(const check_options& options) {
  return check(options);
}
exit_status perform(const graph_options& options) {
  return graph(options);
}
exit_status perform(const schema_options& options) {
  return schema(options);
}
exit_status perform(const chaos_command_options& options) {
  return options.sweeps ? run_sweep(options) : run_chaos(options);
}
exit_status perform(const page& wanted) {
  return print("-", wanted.text);
}

}  // namespace

int execute(const std::vector<std::string>& arguments) noexcept {
  try {
    return std::visit([](const auto& wanted) { return perform(wanted); }, parse_command_line(arguments));
  } catch (const usage_fault& fault) {
    complain(fault.what());
    return bad_input;
  } catch (const library_fault& fault) {
    complain_lines(std::string{fault.what()} + "\n");
    return bad_input;
  } catch (const output_fault& fault) {
    complain(fault.what());
    return failed;
  } catch (const report_fault& fault) {
    complain(fault.what());
    return bad_input;
  } catch (const std::exception& thrown) {
    complain(thrown.what());
    return failed;
  }
}

}  // namespace coppice::command
