#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/chaos/chaos_session.hpp>
#include <coppice/chaos/load_client.hpp>
#include <coppice/chaos/rest.hpp>
#include <coppice/chaos/tree_lesson.hpp>
#include <coppice/chaos/victim_pool.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/telemetry/busy_processes.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/tree/overloaded.hpp>

namespace coppice {

namespace {

/// To the process in `run`: enough.
struct stop_request {};

std::chrono::nanoseconds gap_of(const chaos_fault& fault, dice& by) {
  const auto mean = std::chrono::nanoseconds{static_cast<std::int64_t>(1e9 / fault.per_second)};
  return fault.spread == chaos_fault::distribution::poisson ? by.exponential(mean) : mean;
}

// What acts when it is done, and not only when something else happens.
bool acts_at_once(const chaos_harm& how) {
  return !std::holds_alternative<harm::slow>(how) && !std::holds_alternative<harm::delay>(how) &&
         !std::holds_alternative<harm::bad_alloc>(how);
}

// What ends a process, or its service, for sure: an exit signal may be trapped.
bool is_cut(const chaos_harm& how) {
  return acts_at_once(how) && !std::holds_alternative<harm::exit_signal>(how);
}

// For how long it has an effect, if that is known.
std::optional<std::chrono::nanoseconds> lasting(const chaos_harm& how) {
  // What it has slowed down last, or held up, begins before the end and takes its time.
  if (const auto* const slow = std::get_if<harm::slow>(&how)) return slow->lasting + slow->by;
  if (const auto* const delay = std::get_if<harm::delay>(&how)) return delay->lasting + delay->by;
  return std::nullopt;
}

}  // namespace

class chaos_session::state final : public chaos_recorder::listener {
 public:
  state(chaos_plan plan, std::uint64_t seed) : plan_{std::move(plan)}, seed_{seed}, dice_{seed} {
    recorder_.tell(this);
    for (const auto& phase : plan_.phases) {
      auto& pools = pools_.emplace_back();
      for (const auto& fault : phase.faults) pools.emplace_back(fault.victims);
    }
  }

  void knows(const supervisor_spec& root, const worker_registry& workers) {
    root_spec_ = &root;
    workers_ = &workers;
  }

  void tells(process_observer* processes, supervision_observer* supervision) {
    observed_.emplace(processes, supervision, recorder_, recorder_);
  }

  void attach(runtime_options& options) {
    if (options.observer != nullptr || options.faults != nullptr) {
      throw std::invalid_argument{
          "coppice: a chaos session observes the runtime and injects its faults itself; leave out "
          "runtime_options::observer and faults, and use chaos_session::tells"};
    }
    if (!observed_) observed_.emplace(nullptr, nullptr, recorder_, recorder_);
    options.observer = &*observed_;
    options.faults = &injector_;
    is_virtual_ = options.virtual_time;
    if (root_spec_ == nullptr) return;
    teach_tree(*root_spec_, recorder_, is_virtual_ ? &injector_ : nullptr,
               [this](const std::string& path, const worker_spec& of) {
                 for (const auto& load : plan_.load) {
                   if (matches(load.to, path, false)) clients_.push_back({&load, path, workers_->find(of.start), {}});
                 }
               });
  }

  void begin(const std::string& root) {
    recorder_.begin(root, seed_, is_virtual_);
    begin_ = monotonic_time();
    detail::observe_children(true);
  }

  void root_started(pid root) {
    detail::observe_children(false);
    root_ = root;
    recorder_.root_started(root);
  }

  void root_start_failed(const exit_reason& reason) {
    detail::observe_children(false);
    recorder_.root_start_failed(reason);
  }

  void run(const std::function<void(const chaos_progress&)>& progress) {
    set_runner(self());
    root_watch_ = monitor(root_);
    start_load();
    auto begin = monotonic_time();
    for (std::size_t number = 0; number < plan_.phases.size() && !is_over_; ++number) {
      const auto end = begin + plan_.phases[number].duration;
      run_phase(number, begin, end, progress);
      begin = end;
    }
    stop_load();
    demonitor(root_watch_, {.flush = true});
    set_runner({});
    take_stop_requests();
    if (was_stopped_) recorder_.interrupted();
  }

  bool settle() {
    injector_.calm();
    await_arrivals();
    return is_virtual_ ? await_rest(injector_) : settle_in_real_time();
  }

  void await_arrivals() const {
    if (const auto longest = plan_.longest_delay(); longest.count() > 0) sleep(longest);
  }

  void end() {
    // A tree that is gone is out of service for the rest of its plan.
    const bool is_gone = !is_alive(root_) && !was_stopped_;
    recorder_.end(is_gone ? plan_.duration() : std::chrono::nanoseconds{0});
  }

  void stop() noexcept {
    stopping_.store(true);
    const std::lock_guard hold{runner_lock_};
    if (runner_) send(runner_, stop_request{});
  }

  // chaos_recorder::listener, under the recorder's lock
  void life_began(const tree_event& event) noexcept override {
    const std::lock_guard hold{lock_};
    const bool is_supervisor = event.type == child_type::supervisor;
    for (auto& pools : pools_) {
      for (auto& pool : pools) pool.began(event.process, event.path, is_supervisor);
    }
  }
  void life_ended(const tree_event& event) noexcept override {
    const std::lock_guard hold{lock_};
    for (auto& pools : pools_) {
      for (auto& pool : pools) pool.ended(event.process);
    }
  }
  void process_gone(pid process) noexcept override { injector_.forget(process); }

  chaos_recorder& recorder() noexcept { return recorder_; }
  observer_pair& observed() { return observed_.value(); }
  chaos_injector& injector() noexcept { return injector_; }
  pid root() const noexcept { return root_; }

 private:
  // Load
  // ---------------------------------------------------------------------------------------------------------------

  void start_load() {
    std::uint64_t number = 0;
    for (auto& each : clients_) {
      const auto client = spawn_monitor([this, each, seed = seed_ + ++number] {
        work_as_client(*each.load, *each.of, each.path, recorder_, dice{seed});
      });
      each.process = client;
    }
  }

  void stop_load() {
    for (const auto& each : clients_) exit(each.process.process, exit_reason::shutdown());
    for (const auto& each : clients_) {
      receive(when([&each](const down& ended) { return ended.ref == each.process.ref; }, [](down) {}));
    }
  }

  // Phases
  // ---------------------------------------------------------------------------------------------------------------

  struct due {
    std::chrono::nanoseconds time;
    std::size_t fault;
  };

  void run_phase(std::size_t number, std::chrono::nanoseconds begin, std::chrono::nanoseconds end,
                 const std::function<void(const chaos_progress&)>& progress) {
    const chaos_phase& phase = plan_.phases[number];
    std::vector<due> next;
    for (std::size_t i = 0; i < phase.faults.size(); ++i) {
      const bool once = phase.faults[i].spread == chaos_fault::distribution::once;
      next.push_back({once ? begin : begin + gap_of(phase.faults[i], dice_), i});
    }
    for (;;) {
      const auto first =
          std::min_element(next.begin(), next.end(), [](const due& a, const due& b) { return a.time < b.time; });
      if (first == next.end() || first->time >= end) break;
      if (!wait_until(first->time)) return;
      const chaos_fault& fault = phase.faults[first->fault];
      strike(fault, pools_[number][first->fault]);
      if (progress) tell(progress);
      if (fault.spread == chaos_fault::distribution::once) {
        next.erase(first);
      } else {
        first->time += std::max(gap_of(fault, dice_), std::chrono::nanoseconds{1});
      }
    }
    wait_until(end);
  }

  void tell(const std::function<void(const chaos_progress&)>& progress) const {
    const std::uint64_t expected = root_spec_ != nullptr ? process_count(*root_spec_) : 0;
    progress({monotonic_time() - begin_, plan_.duration(), is_virtual_, recorder_.hits(), recorder_.restarts(),
              recorder_.journal().size(), expected});
  }

  // False: it is over before.
  bool wait_until(std::chrono::nanoseconds time) {
    while (!is_over_) {
      // Whoever stopped before this was the runner has sent nothing.
      if (stopping_.load()) {
        end_run();
        break;
      }
      const auto left = time - monotonic_time();
      if (left.count() <= 0) return true;
      receive([this](stop_request) { end_run(); },
              when([this](const down& ended) { return ended.ref == root_watch_; }, [this](down) { is_over_ = true; }),
              after(left, [] {}));
    }
    return false;
  }

  void end_run() {
    was_stopped_ = true;
    is_over_ = true;
  }

  void set_runner(pid process) {
    const std::lock_guard hold{runner_lock_};
    runner_ = process;
  }

  // One that came too late would be taken for something that the tree has left behind.
  static void take_stop_requests() {
    while (receive([](stop_request) { return true; }, after(std::chrono::nanoseconds{0}, [] { return false; }))) {
    }
  }

  void strike(const chaos_fault& fault, victim_pool& pool) {
    std::vector<victim_pool::victim> victims;
    {
      const std::lock_guard hold{lock_};
      victims = pool.draw(victims_at_once(fault, pool.size()), dice_);
    }
    for (const auto& victim : victims) {
      const chaos_harm& how = fault.how[static_cast<std::size_t>(dice_.below(fault.how.size()))];
      recorder_.hit(victim.process, victim.path, to_string(how), is_cut(how), acts_at_once(how), lasting(how));
      harm_process(victim, how);
    }
  }

  void harm_process(const victim_pool::victim& victim, const chaos_harm& how) {
    const pid process = victim.process;
    std::visit(detail::overloaded{
                   [&](const harm::kill&) { exit(process, exit_reason::kill()); },
                   [&](const harm::crash& with) { detail::make_end(process, exit_reason::parse(with.reason)); },
                   [&](const harm::throw_exception& with) { injector_.make_throw(process, with.what); },
                   [&](const harm::exit_signal& with) { exit(process, exit_reason::parse(with.reason)); },
                   [&](const harm::fail_starts& with) {
                     injector_.fail_starts(victim.path, with.count);
                     exit(process, exit_reason::kill());
                   },
                   [&](const harm::hang& with) { injector_.make_hang(process, with.time); },
                   [&](const harm::slow& with) { injector_.slow_down(process, with.by, with.lasting); },
                   [&](const harm::delay& with) { injector_.delay_messages(process, with.by, with.lasting); },
                   [&](const harm::bad_alloc& with) { injector_.fail_allocation(process, with.nth); },
               },
               how);
  }

  // The end
  // ---------------------------------------------------------------------------------------------------------------

  bool settle_in_real_time() const {
    constexpr auto pause = std::chrono::milliseconds{5};
    constexpr int quiet_pauses = 4;  // so many without a change
    const auto limit = monotonic_time() + chaos_session::patience;
    std::size_t before = 0;
    for (int quiet = 0; quiet < quiet_pauses;) {
      if (monotonic_time() >= limit) return false;
      sleep(pause);
      const std::size_t now = recorder_.changes();
      const bool is_busy = !detail::busy_processes(recorder_.journal()).empty();
      quiet = now == before && !is_busy ? quiet + 1 : 0;
      before = now;
    }
    return true;
  }

  struct client {
    const chaos_load* load;
    std::string path;
    const worker* of;
    spawned process;
  };

  const chaos_plan plan_;
  const std::uint64_t seed_;
  dice dice_;  // of the process in `run`
  chaos_recorder recorder_;
  std::optional<observer_pair> observed_;  // with those that are told beside
  chaos_injector injector_{recorder_, seed_ + 1};
  const supervisor_spec* root_spec_ = nullptr;
  const worker_registry* workers_ = nullptr;
  bool is_virtual_ = false;
  std::vector<client> clients_;
  std::mutex lock_;                              // of the pools; taken after the recorder's
  std::vector<std::vector<victim_pool>> pools_;  // by phase and fault
  std::chrono::nanoseconds begin_{0};
  pid root_;
  reference root_watch_;
  bool is_over_ = false;
  bool was_stopped_ = false;
  std::atomic<bool> stopping_{false};
  std::mutex runner_lock_;  // held while something is sent to the runner: it does not go meanwhile
  pid runner_;              // the process in `run`
};

chaos_session::chaos_session(chaos_plan plan, std::uint64_t seed)
    : state_{std::make_unique<state>(std::move(plan), seed)} {}

chaos_session::~chaos_session() = default;

void chaos_session::knows(const supervisor_spec& root, const worker_registry& workers) {
  state_->knows(root, workers);
}

void chaos_session::tells(process_observer* processes, supervision_observer* supervision) {
  state_->tells(processes, supervision);
}

void chaos_session::attach(runtime_options& options) {
  state_->attach(options);
}

std::shared_ptr<supervision_observer> chaos_session::observer() {
  // Supervisors hold it; the session outlives them.
  return {std::shared_ptr<void>{}, &state_->observed()};
}

void chaos_session::begin(const std::string& root) {
  state_->begin(root);
}

void chaos_session::root_started(pid root) {
  state_->root_started(root);
}

void chaos_session::root_start_failed(const exit_reason& reason) {
  state_->root_start_failed(reason);
}

void chaos_session::run(const std::function<void(const chaos_progress&)>& progress) {
  state_->run(progress);
}

bool chaos_session::settle() {
  return state_->settle();
}

void chaos_session::await_arrivals() {
  state_->await_arrivals();
}

void chaos_session::end() {
  state_->end();
}

void chaos_session::stop() noexcept {
  state_->stop();
}

bool chaos_session::is_root_gone() const {
  return !is_alive(state_->root());
}

const tree_journal& chaos_session::journal() const noexcept {
  return state_->recorder().journal();
}

chaos_injector& chaos_session::injector() noexcept {
  return state_->injector();
}

const chaos_record& chaos_session::record() const noexcept {
  return state_->recorder().record();
}

}  // namespace coppice
