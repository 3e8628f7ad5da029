#include <utility>

#include <coppice/chaos/chaos_run.hpp>
#include <coppice/chaos/chaos_session.hpp>
#include <coppice/chaos/watched_tree.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/tree/tree_builder.hpp>

namespace coppice {

class chaos_run::state {
 public:
  state(const supervisor_spec& root, const worker_registry& workers, const chaos_plan& plan, chaos_run_options options)
      : root_{root},
        workers_{workers},
        options_{std::move(options)},
        session_{plan, options_.seed},
        watched_{{.tree = &root_,
                  .workers = &workers_,
                  .expected = plan.expect,
                  .invariants = options_.invariants,
                  .virtual_time = !options_.real_time,
                  .longest_delay = plan.longest_delay()}} {}

  chaos_outcome run() {
    runtime_options engine;
    engine.virtual_time = !options_.real_time;
    engine.threads = options_.real_time ? options_.threads.value_or(0) : 1;
    session_.knows(root_, workers_);
    session_.tells(&watched_.processes(), &watched_.supervision());
    session_.attach(engine);
    const int status = options_.real_time ? coppice::run([this] { main_process(); }, engine)
                                          : simulation{options_.seed, engine}.run([this] { main_process(); });
    chaos_outcome outcome{session_.record(), watched_.violations()};
    if (status != 0) {
      outcome.broken_invariants.push_back({"the run comes to its end",
                                           {},
                                           "it never ends: all processes wait, and no timer is pending",
                                           outcome.record.end});
    }
    return outcome;
  }

  void stop() noexcept { session_.stop(); }

 private:
  // The root's parent.
  void main_process() {
    process_flag(trap_exit, true);
    watched_.before_start();
    session_.begin(root_.id);
    const start_result started = start_tree(root_, {&workers_, session_.observer(), nullptr});
    if (started) {
      session_.root_started(started.process());
      watched_.root_started(started.process());
      session_.run(options_.progress);
      if (session_.settle()) {
        watched_.at_rest();
      } else {
        watched_.does_not_rest(session_.journal());
      }
    } else {
      session_.root_start_failed(started.error());
    }
    session_.end();
    if (started) {
      detail::end_process(started.process(), exit_reason::shutdown(), std::nullopt);
      detail::await_orphans_of(started.process());
      session_.await_arrivals();
    }
    watched_.after_end();
  }

  const supervisor_spec root_;
  const worker_registry& workers_;
  const chaos_run_options options_;
  chaos_session session_;
  watched_tree watched_;
};

chaos_run::chaos_run(const supervisor_spec& root, const worker_registry& workers, const chaos_plan& plan,
                     chaos_run_options options)
    : state_{std::make_unique<state>(root, workers, plan, std::move(options))} {}

chaos_run::~chaos_run() = default;

chaos_outcome chaos_run::run() {
  return state_->run();
}

void chaos_run::stop() noexcept {
  state_->stop();
}

}  // namespace coppice
