#include <algorithm>
#include <stdexcept>
#include <string>

#include <coppice/process/control_block.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/simulation.hpp>

namespace coppice {

namespace {

detail::process_runtime& virtual_runtime() {
  auto& running = detail::running_runtime();
  if (!running.engine.is_virtual()) {
    throw std::logic_error{"coppice: this needs a runtime in virtual time; set runtime_options::virtual_time"};
  }
  return running;
}

}  // namespace

simulation::simulation(std::uint64_t seed, runtime_options options) : options_{std::move(options)} {
  if (options_.threads > 1) {
    throw std::invalid_argument{"coppice: a simulation runs on one thread, not on " + std::to_string(options_.threads) +
                                "; leave out `threads` or set it to 1"};
  }
  options_.threads = 1;
  options_.virtual_time = true;
  options_.seed = seed;
  options_.closed = true;
}

int simulation::run_main(std::function<int()> main) const {
  const int status = runtime{options_}.run(std::move(main));
  if (status != 0) {
    report(log_level::error, pid{},
           "the simulation with seed " + std::to_string(seed()) + " failed; the same seed repeats it");
  }
  return status;
}

void await_idle() {
  auto& running = virtual_runtime();
  auto& me = detail::control_block::current();
  if (running.idle_watcher) throw std::logic_error{"coppice: another process waits for the others to be idle already"};
  running.idle_reference = reference::make();
  running.idle_watcher = me.self();
  me.wait_for_wake(running.idle_reference);
}

bool advance_to_next_timer() {
  return virtual_runtime().engine.advance_to_next_timer();
}

bool await_quiescence() {
  const pid own = self();
  for (;;) {
    await_idle();
    const auto all = processes();
    if (std::none_of(all.begin(), all.end(), [own](pid each) { return each != own && detail::is_busy(each); }))
      return true;
    // A timer that was due at once may have fired since, and its process waits for its turn.
    if (!advance_to_next_timer() && !virtual_runtime().engine.work_waits()) return false;
  }
}

}  // namespace coppice
