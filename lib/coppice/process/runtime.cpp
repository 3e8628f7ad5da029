#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/overflow_report.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

namespace {

std::atomic<runtime*> the_runtime{nullptr};

scheduling::options engine_options(const runtime_options& wanted) {
  scheduling::options made;
  made.threads = wanted.threads;
  made.virtual_time = wanted.virtual_time;
  made.seed = wanted.seed;
  made.guard =
      wanted.without_light_guards ? scheduling::stack_pool::guard::mprotect : scheduling::stack_pool::guard::automatic;
  made.report_overflow = detail::report_overflow;
  made.notice = [](std::string_view text) { report(log_level::warning, pid{}, std::string{text}); };
  return made;
}

// Ends every process but the calling one, and waits until they are gone: also those that are spawned meanwhile.
void end_all_others() {
  // Nobody is to wait for what an injector would hold up.
  detail::running_runtime().delays.release();
  constexpr std::chrono::seconds patience{5};
  for (;;) {
    auto left = processes();
    std::erase(left, self());
    if (left.empty()) return;
    std::set<reference> awaited;
    for (const pid each : left) {
      awaited.insert(monitor(each));
      exit(each, exit_reason::kill());
    }
    while (!awaited.empty()) {
      receive([&awaited](down ended) { awaited.erase(ended.ref); }, after(patience, [&left] {
                for (const pid each : left) {
                  if (const auto found = process_info(each, info::status, info::initial_call, info::current_message)) {
                    report(log_level::warning, each,
                           "the runtime cannot stop before it ends: it was killed, and is " +
                               std::string{to_string(found->status)} + " in " + found->initial_call +
                               "; code that neither waits nor returns cannot be unwound");
                  }
                }
              }));
    }
  }
}

// Waits for those that were linked to main when it ended and trap exits: its supervisors end their children now.
void await_orderly_ends(const std::vector<pid>& linked, std::chrono::milliseconds grace) {
  std::set<reference> awaited;
  for (const pid each : linked) {
    const auto found = process_info(each, info::trap_exit);
    if (found && found->trap_exit) awaited.insert(monitor(each));
  }
  bool in_time = true;
  const auto until = monotonic_time() + grace;
  while (!awaited.empty() && in_time) {
    receive([&awaited](down ended) { awaited.erase(ended.ref); },
            after(std::max(until - monotonic_time(), std::chrono::nanoseconds{0}), [&in_time] { in_time = false; }));
  }
}

}  // namespace

process_observer::~process_observer() = default;
void process_observer::message_lost(pid, std::string_view) noexcept {}
void process_observer::call_failed(pid, std::string_view, const exit_reason&) noexcept {}

namespace detail {

process_runtime::process_runtime(const runtime_options& wanted)
    : engine{engine_options(wanted)}, options{wanted}, draws{first_draw(wanted)} {
  engine.care().when_many_have_ended([] { process_table::instance().trim(); });
  engine.when_handing_out([] { process_table::instance().hand_out_places(); });
  engine.when_idle([this] { return wake_idle_watcher(); });
  if (wanted.closed) engine.when_stuck([this] { return end_if_stuck(); });
  if (wanted.on_stall && !wanted.virtual_time) {
    constexpr int looks_in_limit = 4;
    constexpr std::chrono::nanoseconds shortest = std::chrono::microseconds{100};
    stalls.emplace(wanted.on_stall, wanted.stall_after, engine.threads());
    engine.oversee(std::max(shortest, std::chrono::nanoseconds{wanted.stall_after} / looks_in_limit),
                   [this] { stalls->look(engine); });
  }
}

bool process_runtime::wake_idle_watcher() {
  if (!idle_watcher) return false;
  post(make_envelope<nothing>(std::exchange(idle_watcher, pid{}), envelope_kind::wake, pid{}, idle_reference));
  return true;
}

bool process_runtime::end_if_stuck() {
  const pid ended = std::exchange(main, pid{});
  if (!process_table::instance().is_living(ended)) return false;
  constexpr std::size_t most_told = 20;
  std::string waiting;
  const auto all = processes();
  for (std::size_t i = 0; i < std::min(all.size(), most_told); ++i) {
    if (const auto found = process_info(all[i], info::initial_call))
      waiting += "\n    " + to_string(all[i]) + " " + found->initial_call;
  }
  report(
      log_level::error, ended,
      "nothing can happen any more: all processes wait, and no timer is pending. main is killed. Waiting:" + waiting);
  post(make_ending(ended, envelope_kind::exit, pid{}, {}, exit_reason::kill()));
  return true;
}

constinit std::atomic<process_runtime*> the_running_runtime{nullptr};

void refuse_without_runtime() {
  throw std::logic_error{
      "coppice: no runtime is running; call this inside coppice::run, or start a coppice::runtime first"};
}

}  // namespace detail

reference reference::make() noexcept {
  // Numbers are drawn in blocks, so that threads do not meet at one counter for each.
  constexpr std::uint64_t block = 1024;
  static std::atomic<std::uint64_t> next_block{0};
  thread_local std::uint64_t next = 0;
  if (next % block == 0) next = next_block.fetch_add(1, std::memory_order_relaxed) * block;
  return from_value(++next);
}

struct runtime::state {
  detail::process_runtime running;

  explicit state(const runtime_options& options) : running{options} {}
};

runtime::runtime(runtime_options options) : state_{std::make_unique<state>(options)} {}

runtime::~runtime() {
  stop();
}

runtime* runtime::current() noexcept {
  return the_runtime.load(std::memory_order_acquire);
}

void runtime::start() {
  detail::process_runtime* none = nullptr;
  if (!detail::the_running_runtime.compare_exchange_strong(none, &state_->running, std::memory_order_acq_rel)) {
    throw std::logic_error{"coppice: a runtime is running already; one at a time in a program, stop it first"};
  }
  the_runtime.store(this, std::memory_order_release);
  const runtime_options& options = state_->running.options;
  if (options.virtual_time || options.seed) detail::process_table::instance().begin_anew();
  state_->running.delays.begin();
  detail::faults_are_injected.store(options.faults != nullptr, std::memory_order_relaxed);
  state_->running.engine.start();
}

void runtime::stop() noexcept {
  if (detail::the_running_runtime.load(std::memory_order_acquire) != &state_->running) return;
  {
    const thread_process watching;
    end_all_others();
  }
  state_->running.engine.stop();
  detail::faults_are_injected.store(false, std::memory_order_relaxed);
  the_runtime.store(nullptr, std::memory_order_release);
  detail::the_running_runtime.store(nullptr, std::memory_order_release);
}

int runtime::run(std::function<int()> main) {
  start();
  std::promise<void> over;
  std::optional<int> status;
  exit_reason reason;
  spawn([&] {
    const auto [process, ref] = spawn_monitor(
        [&] {
          detail::control_block::current().answer_for_linked();
          status = main();
        },
        {.stack = state_->running.options.main_stack_size});
    state_->running.main = process;
    receive([&, main_ref = ref](down ended) {
      if (ended.ref == main_ref) reason = ended.reason;
    });
    if (const auto linked = detail::control_block::current().take_orphans_of(process)) {
      await_orderly_ends(*linked, state_->running.options.stop_grace);
    }
    end_all_others();
    over.set_value();
  });
  over.get_future().wait();
  stop();
  if (status) return *status;
  if (reason.is_normal_end()) return 0;
  report(log_level::error, pid{}, "main ended with " + reason.to_string());
  return 1;
}

unsigned runtime::threads() const noexcept {
  return state_->running.engine.threads();
}

std::size_t runtime::abandoned() const noexcept {
  return state_->running.engine.abandoned();
}

}  // namespace coppice
