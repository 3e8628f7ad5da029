#pragma once

// A tree in a simulation, with a recorder that writes down what happens and an injector that does harm.

#include <chrono>
#include <cstdint>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "process/process_testing.hpp"

namespace chaos_tests {

/// Lines that doctest shows.
struct texts : std::vector<std::string> {
  using std::vector<std::string>::vector;

  friend std::ostream& operator<<(std::ostream& to, const texts& lines) {
    for (const auto& each : lines) to << "\n    " << each;
    return to;
  }
};

class recorded_tree final : public coppice::chaos_recorder::listener {
 public:
  /// Starts the tree as `root`, calls `body`, and shuts the tree down.
  template <class Body>
  const coppice::chaos_record& run(coppice::supervisor_init root, Body body) {
    coppice::runtime_options options;
    recorder.tell(this);
    options.observer = &recorder;
    options.faults = &injector;
    const coppice::testing::captured_log log;
    const int status = coppice::simulation{7, options}.run([&] {
      coppice::process_flag(coppice::trap_exit, true);
      recorder.begin("root", 7, true);
      root.path = "root";
      root.observer = {std::shared_ptr<void>{}, static_cast<coppice::supervision_observer*>(&recorder)};
      coppice::detail::observe_children(true);
      const auto started = coppice::start_supervisor(std::move(root));
      coppice::detail::observe_children(false);
      if (!started) {
        recorder.root_start_failed(started.error());
        return;
      }
      recorder.root_started(started.process());
      body();
      recorder.end();
      coppice::detail::end_process(started.process(), coppice::exit_reason::shutdown(), std::nullopt);
      coppice::detail::await_orphans_of(started.process());
    });
    CHECK_MESSAGE(status == 0, log.text());
    return recorder.record();
  }

  coppice::pid get(std::string_view path) const {
    const auto life = recorder.journal().find(path);
    if (!life) throw std::logic_error{"nobody lives at " + std::string{path}};
    return life->process;
  }

  /// An exit signal that counts as a hit; then waits until all that comes of it has happened.
  void hit(std::string_view path, std::string_view reason = "kill") {
    const coppice::pid victim = get(path);
    recorder.hit(victim, path, std::string{reason}, true);
    coppice::exit(victim, coppice::exit_reason::parse(reason));
    coppice::await_quiescence();
  }

  void life_began(const coppice::tree_event& event) noexcept override { told.push_back(to_string(event)); }
  void life_ended(const coppice::tree_event& event) noexcept override { told.push_back(to_string(event)); }
  void process_gone(coppice::pid process) noexcept override { injector.forget(process); }

  coppice::chaos_recorder recorder;
  coppice::chaos_injector injector{recorder, 7};
  texts told;  ///< As the listener.
};

/// Each life that ended before the shutdown, by its begin: `root/a 1 killed of 0`, with the hit that it ended of.
inline texts ends_of(const coppice::chaos_record& record) {
  texts lines;
  for (const auto& life : record.lives) {
    if (!life.end || life.shut_down) continue;
    lines.push_back(life.path + " " + std::to_string(life.incarnation) + " " + life.reason.to_string() + " of " +
                    (life.cause ? std::to_string(*life.cause) : "nothing"));
  }
  return lines;
}

}  // namespace chaos_tests
