#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/live_command.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/overwriting.hpp>
#include <coppice/command/printer.hpp>
#include <coppice/command/replay.hpp>
#include <coppice/command/report_filter.hpp>
#include <coppice/command/signal_thread.hpp>
#include <coppice/command/start_failure.hpp>
#include <coppice/command/tree_display.hpp>
#include <coppice/command/tree_outline.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/process/type_name.hpp>
#include <coppice/telemetry/busy_processes.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_builder.hpp>

namespace coppice::command {

namespace {

/// To the root's parent: end the tree.
struct stop_request {};

bool wants_colour(const output& screen) {
  const char* refused = std::getenv("NO_COLOR");
  return screen.is_terminal() && (refused == nullptr || *refused == '\0');
}

class live_run {
 public:
  live_run(const run_options& options, const supervisor_spec& root, const worker_registry& workers, output& screen,
           output* trace)
      : options_{options},
        root_{root},
        workers_{workers},
        screen_{screen},
        trace_{trace},
        journal_{std::make_shared<tree_journal>([this](const tree_event& event) { note(event); })} {}

  exit_status run() {
    set_log_handler([this](const log_record& record) { note(record); });
    runtime_options engine;
    engine.threads = options_.threads.value_or(0);
    engine.observer = journal_.get();
    engine.virtual_time = options_.simulate;
    engine.seed = options_.seed;
    engine.on_stall = [this](const stall& told) { note(told); };
    // A signal cannot help a tree in which nothing can happen.
    engine.closed = options_.simulate;
    // A supervisor of the tree may take its time; a second signal ends what takes too long.
    const int main_status = coppice::run([this] { main_process(); }, engine);
    set_log_handler({});
    // Only now nothing happens any more.
    if (printer_) {
      say_how_it_ended();
      if (trace_ != nullptr) printer_->trace("{\"event\":\"done\"}\n");
      if (!printer_->finish()) status_ = failed;
    }
    return main_status == 0 ? status_ : failed;
  }

 private:
  enum class phase : unsigned char { starting, running, stopping, over };

  // The root's parent
  // ---------------------------------------------------------------------------------------------------

  void main_process() {
    process_flag(trap_exit, true);
    main_ = self();
    begin_ = monotonic_time();
    printer_.emplace(printer::places{screen_, trace_}, tree_display{root_, begin_, wants_colour(screen_)},
                     [this] { stop_for_output(); });
    is_printing_.store(true, std::memory_order_release);
    signals_.emplace(kept_back_, signal_thread::reactions{[this](int number) { first_signal(number); },
                                                          [this](int number) { second_signal(number); },
                                                          [this] { say_what_is_waited_for(); }});
    signals_->tick(true);

    detail::observe_children(true);
    const start_result started = start_tree(root_, {&workers_, journal_, nullptr});
    detail::observe_children(false);
    if (started) {
      journal_->root_started(root_.id, started.process());
      go_to(phase::running);
      if (options_.simulate && !options_.time) come_to_rest();
      await_end(started.process());
    } else {
      journal_->root_start_failed(root_.id, started.error());
      ended_with_ = started.error();
      has_started_ = false;
    }
    go_to(phase::over);
  }

  void await_end(pid root) {
    bool wanted = false;
    bool is_over = false;
    const auto stop = [&wanted](stop_request) { wanted = true; };
    const auto end = [&](exit_signal ended) {
      if (ended.sender == root) ended_with_ = std::move(ended.reason);
    };
    const auto other = [](message) {};
    while (!wanted && !is_over && !ended_with_) {
      if (options_.simulate) {
        receive(stop, end, other, after(time_left(), [&is_over] { is_over = true; }));
      } else {
        receive(stop, end, other);
      }
    }
    if (is_over) {
      const std::string why = options_.time          ? "the time is over"
                              : never_rests_.empty() ? "all are at rest"
                                                     : "it does not come to rest";
      printer_->line(monotonic_time(), "stopping",
                     fmt::format("({}): {}", why, counted(journal_->living().size(), "process")));
    }
    if (wanted || is_over) {
      go_to(phase::stopping);
      ended_with_ = detail::end_process(root, exit_reason::shutdown(), std::nullopt);
      was_wanted_ = true;
    }
    // A root that was killed has ended none of its children.
    const std::vector<pid> orphans = detail::take_orphans_of(root);
    if (!orphans.empty()) go_to(phase::stopping);
    detail::await_orphans(orphans);
  }

  // Of a simulation.
  std::chrono::nanoseconds time_left() const {
    const std::chrono::nanoseconds all = options_.time.value_or(std::chrono::milliseconds{0});
    return std::max(begin_ + all - monotonic_time(), std::chrono::nanoseconds{0});
  }

  void come_to_rest() {
    if (await_quiescence()) return;
    std::vector<std::string> who;
    for (const auto& [path, process] : detail::busy_processes(*journal_)) {
      who.push_back(path + ": " + what_it_does(process));
    }
    if (who.empty()) who.emplace_back("a process waits for something that will never come");
    never_rests_ = fmt::format("{}", fmt::join(who, ", "));
  }

  void go_to(phase next) {
    const std::lock_guard hold{lock_};
    if (next == phase::stopping && phase_ != phase::stopping) stop_begin_ = monotonic_time();
    if (next == phase::over) over_at_ = monotonic_time();
    phase_ = next;
    signals_->tick(next == phase::starting || next == phase::stopping);
  }

  // What happens
  // --------------------------------------------------------------------------------------------------------

  // On the thread on which it happened, one at a time.
  void note(const tree_event& event) {
    if (event.what == tree_event::kind::restart_limit && event.path == root_.id) gave_up_.store(true);
    printer_->event(event);
  }

  // On any thread, several at once.
  void note(const log_record& record) {
    if (!options_.verbose && (record.level == log_level::debug || is_told_by_events(record))) return;
    if (is_printing_.load(std::memory_order_acquire)) {
      printer_->complaint(report_text(record));
    } else {
      complain_lines(report_text(record));
    }
  }

  // On a thread of its own.
  void note(const stall& told) const {
    std::string path;
    for (const auto& [each, life] : journal_->living()) {
      if (life.process == told.process) path = each + " ";
    }
    report(log_level::warning, told.process, path + to_string(told) + "; others on its thread wait meanwhile");
  }

  // On the thread for signals
  // ---------------------------------------------------------------------------------------------

  void first_signal(int number) {
    const std::lock_guard hold{lock_};
    if (phase_ == phase::over) return;
    const std::size_t alive = journal_->living().size();
    std::string text = fmt::format("({}): {}", signal_name(number), counted(alive, "process"));
    if (phase_ == phase::starting)
      text += fmt::format(" of {} {} started; the rest has to, first", detail::grouped(process_count(root_)),
                          alive == 1 ? "has" : "have");
    if (phase_ == phase::running) {
      phase_ = phase::stopping;
      stop_begin_ = monotonic_time();
      signals_->tick(true);
    }
    printer_->line(monotonic_time(), "stopping", text);
    send(main_, stop_request{});
  }

  [[noreturn]] void second_signal(int number) {
    end_at_once(number, fmt::format("; {} had not ended yet", counted(journal_->living().size(), "process")));
  }

  void say_what_is_waited_for() {
    const std::lock_guard hold{lock_};
    if (phase_ != phase::starting && phase_ != phase::stopping) return;
    const auto living = journal_->living();
    const auto now = monotonic_time();
    if (phase_ == phase::starting) {
      printer_->line(now, "starting",
                     fmt::format("{} of {} so far", living.size(), counted(process_count(root_), "process")));
      return;
    }
    if (living.empty()) return;
    const std::string path = waited_for(root_, living);
    const pid process = living.find(path)->second.process;
    printer_->line(
        now, "waiting",
        fmt::format("{} s for {} {}: {}{}; {} left",
                    std::chrono::round<std::chrono::seconds>(now - stop_begin_).count(), path, to_string(process),
                    what_it_does(process), how_long_it_may(path, process), counted(living.size(), "process")));
  }

  static std::string what_it_does(pid process) {
    const auto found = process_info(process, info::status, info::message_queue_len, info::current_message);
    if (!found) return "it has just ended";
    std::string text;
    if (detail::is_busy(process) && found->current_message == type_name<exit_signal>()) {
      // A signal is nothing that it has a handler for, but what `terminate` runs in.
      text = "it is ending";
    } else if (detail::is_busy(process)) {
      text = found->current_message.empty() ? "it is busy" : "it is in its handler of " + found->current_message;
      if (found->status == process_status::waiting) text += ", and waits there";
    } else {
      text = fmt::format("it is {}", to_string(found->status));
    }
    if (found->message_queue_len > 0)
      text += fmt::format(", with {} queued", counted(found->message_queue_len, "message"));
    return text;
  }

  // Of one that has been told to end.
  std::string how_long_it_may(const std::string& path, pid process) const {
    const auto known = find_in_tree(root_, path);
    if (!known || !is_alive(process)) return "";
    const shutdown_time shutdown = known->shutdown(path == root_.id);
    if (shutdown.is_infinity()) return "; its \"shutdown\" has no limit";
    if (shutdown.is_brutal_kill()) return "; it has been killed";
    return fmt::format("; it is killed after {}", short_time(shutdown.limit()));
  }

  // On the printer's thread
  // -----------------------------------------------------------------------------------------------

  void stop_for_output() {
    const std::lock_guard hold{lock_};
    if (phase_ != phase::over) send(main_, stop_request{});
  }

  // The end
  // -----------------------------------------------------------------------------------------------------------------

  void say_how_it_ended() {
    if (!ended_with_) {
      // The parent itself has crashed, and that has been reported.
      status_ = failed;
      return;
    }
    const std::string reason = detail::printable(ended_with_->to_string());
    if (!has_started_) {
      fail("the tree did not start: " + start_failure_text(root_.id, *ended_with_));
    } else if (!never_rests_.empty()) {
      fail("the tree does not come to rest: " + never_rests_);
    } else if (was_wanted_) {
      printer_->line(over_at_, "stopped", fmt::format("{} in {}", root_.id, short_time(over_at_ - stop_begin_)));
    } else if (gave_up_.load()) {
      fail(fmt::format("{} gave up: more than {} within {} s (max_restarts, max_seconds); the tree has ended", root_.id,
                       counted(root_.max_restarts, "restart"), root_.max_seconds.count()));
    } else if (*ended_with_ == exit_reason::shutdown()) {
      printer_->line(over_at_, "stopped", root_.id + " has shut itself down (auto_shutdown)");
    } else {
      fail(fmt::format("{} ended with {}; the tree has ended", root_.id, reason));
    }
  }

  void fail(const std::string& why) {
    status_ = failed;
    printer_->complaint(fmt::format("coppice: {}: {}\n", shown_name(options_.tree), why));
  }

  const run_options& options_;
  const supervisor_spec& root_;
  const worker_registry& workers_;
  output& screen_;
  output* trace_;
  std::shared_ptr<tree_journal> journal_;
  std::atomic<bool> gave_up_{false};

  std::atomic<bool> is_printing_{false};

  // Set by the root's parent before there is anybody else who reads them.
  pid main_;
  std::chrono::nanoseconds begin_{0};

  std::optional<exit_reason> ended_with_;
  bool has_started_ = true;
  bool was_wanted_ = false;
  std::string never_rests_;  // who waits for what will never come
  exit_status status_ = orderly_end;

  std::mutex lock_;  // of what follows
  phase phase_ = phase::starting;
  std::chrono::nanoseconds stop_begin_{0};
  std::chrono::nanoseconds over_at_{0};

  const signals_kept_back kept_back_;
  std::optional<printer> printer_;
  std::optional<signal_thread> signals_;
};

}  // namespace

exit_status run_live(const run_options& options) {
  const worker_registry workers = workers_with(options.libraries);
  const auto root = read_tree(options.tree, workers, options.libraries);
  if (!root) return bad_input;
  if (options.trace) refuse_to_overwrite("run", "--trace", *options.trace, options.files_read());
  // What is for machines and what is for people do not go the same way.
  output screen = options.trace == "-" ? output::standard_error() : output{"-"};
  std::optional<output> trace;
  if (options.trace) trace.emplace(*options.trace);
  exit_status status = live_run{options, *root, workers, screen, trace ? &*trace : nullptr}.run();
  if (trace && !trace->close()) status = failed;
  if (options.simulate && status != orderly_end) say_replay(options);
  return status;
}

}  // namespace coppice::command
