#include <string>

#include <coppice/command/complaint.hpp>
#include <coppice/command/determinism_check.hpp>
#include <coppice/command/live_command.hpp>
#include <coppice/command/script_command.hpp>
#include <coppice/command/simulated_run.hpp>
#include <coppice/process/random.hpp>

namespace coppice::command {

exit_status run_simulated(run_options options) {
  if (!options.seed) {
    options.seed = random_seed();
    complain("seed " + std::to_string(*options.seed));
  }
  if (options.checks_determinism) return check_determinism(options);
  return options.script ? run_with_script(options) : run_live(options);
}

}  // namespace coppice::command
