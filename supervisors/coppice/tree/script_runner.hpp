#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/script_step.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// What is wrong with the messages of a script, as far as can be told before it runs: those to workers that the tree or
/// the script itself names. Adds the faults.
void check_script_messages(const supervisor_spec& root, const std::vector<script_step>& steps,
                           const worker_registry& workers, fault_list& faults);

/// Who looks on while a script runs. Everything is called in the runtime of the script.
class script_onlooker {
 public:
  virtual ~script_onlooker();

  /// Told what the script's own trace is told. May be null.
  virtual process_observer* processes() noexcept { return nullptr; }
  virtual supervision_observer* supervision() noexcept { return nullptr; }
  /// Harm that is done meanwhile. May be null.
  virtual fault_injector* faults() noexcept { return nullptr; }

  // In the process that is the root's parent.
  virtual void before_start() {}
  virtual void root_started(pid root) { static_cast<void>(root); }
  virtual void root_start_failed(const exit_reason& reason) { static_cast<void>(reason); }
  /// A step is over, and nothing is in the middle of anything.
  virtual void at_rest() {}
  virtual void before_shutdown() {}
  /// The tree is gone.
  virtual void after_end() {}
};

/// Runs a script on a tree, in virtual time on one thread, and hands each line of the trace (a JSON object without its
/// line feed) to `trace`, which returns false when it cannot take any more. With a seed it draws who runs next.
///
/// Returns an empty text when the script reached `done`; otherwise what went wrong, for people: a message that a worker
/// started by the script does not know, a step after which the tree never came to rest, a trace that could not be
/// written.
///
/// Blocks the thread. No runtime may be running.
std::string run_script(const supervisor_spec& root, const std::vector<script_step>& steps,
                       const worker_registry& workers, const std::function<bool(std::string_view)>& trace,
                       std::optional<std::uint64_t> seed = std::nullopt, script_onlooker* onlooker = nullptr);

}  // namespace coppice
