#include <atomic>
#include <utility>

#include <fmt/format.h>

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

  std::string waits_for() const {
    const stage now = stage_.load();
    if (now != stage::coming_to_rest && now != stage::ending) return {};
    std::vector<std::string> who;
    for (const auto& [path, life] : session_.journal().living()) {
      if (now == stage::ending || detail::is_busy(life.process)) who.push_back(path);
    }
    if (who.empty()) return {};
    constexpr std::size_t most = 5;
    const std::size_t all = who.size();
    if (all > most) who.resize(most);
    const std::string more = all > most ? fmt::format(" and {} more", all - most) : "";
    return fmt::format("{}: {}{} {}", now == stage::ending ? "the tree to end" : "the tree to come to rest",
                       fmt::join(who, ", "), more,
                       now == stage::ending ? (all == 1 ? "lives" : "live") : (all == 1 ? "is busy" : "are busy"));
  }

 private:
  enum class stage : unsigned char { planned, coming_to_rest, ending, over };

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
      stage_.store(stage::coming_to_rest);
      if (session_.settle()) {
        watched_.at_rest();
      } else {
        watched_.does_not_rest(session_.journal());
      }
    } else {
      session_.root_start_failed(started.error());
    }
    session_.end();
    stage_.store(stage::ending);
    if (started) {
      detail::end_process(started.process(), exit_reason::shutdown(), std::nullopt);
      detail::await_orphans_of(started.process());
      session_.await_arrivals();
    }
    stage_.store(stage::over);
    watched_.after_end();
  }

  const supervisor_spec root_;
  const worker_registry& workers_;
  const chaos_run_options options_;
  chaos_session session_;
  watched_tree watched_;
  std::atomic<stage> stage_{stage::planned};
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

std::string chaos_run::waits_for() const {
  return state_->waits_for();
}

}  // namespace coppice
