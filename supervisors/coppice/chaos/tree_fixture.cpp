#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include <fmt/format.h>

#include <coppice/chaos/tree_fixture.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/start_faults.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/tree_file.hpp>

namespace coppice {

namespace {

// How much of what has happened a failure shows: enough for the last cut and what came of it.
constexpr std::size_t events_shown = 20;
constexpr std::size_t reports_shown = 5;

std::string shown(std::chrono::nanoseconds time) {
  if (time.count() % 1'000'000'000 == 0) return fmt::format("{} s", time.count() / 1'000'000'000);
  if (time.count() % 1'000'000 == 0) return fmt::format("{} ms", time.count() / 1'000'000);
  return fmt::format("{} ns", time.count());
}

// Ends a run whose failure has been noted. It has a text for those who meet it on its way: doctest's CHECK does.
class run_is_over final : public std::exception {
 public:
  explicit run_is_over(std::string text) : text_{std::move(text)} {}
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

// Keeps what is reported, and gives the log back to whoever had it.
class kept_log {
 public:
  kept_log() {
    before_ = set_log_handler([this](const log_record& reported) {
      const std::lock_guard hold{lock_};
      ++count_;
      if (texts_.size() < reports_shown) texts_.push_back(reported.text);
    });
  }
  kept_log(const kept_log&) = delete;
  kept_log& operator=(const kept_log&) = delete;
  ~kept_log() { set_log_handler(std::move(before_)); }

  std::string text() const {
    const std::lock_guard hold{lock_};
    if (texts_.empty()) return {};
    std::string all =
        count_ > texts_.size() ? fmt::format("\nthe first {} of {} reports:", texts_.size(), count_) : "\nreports:";
    for (const auto& each : texts_) all += "\n  " + each;
    return all;
  }

 private:
  std::function<void(const log_record&)> before_;
  mutable std::mutex lock_;
  std::vector<std::string> texts_;
  std::size_t count_ = 0;
};

std::string happened(const std::vector<tree_event>& events) {
  if (events.empty()) return {};
  const std::size_t skipped = events.size() > events_shown ? events.size() - events_shown : 0;
  std::string all = skipped == 0 ? "\nwhat had happened:" : fmt::format("\nwhat had happened, after {} more:", skipped);
  for (std::size_t i = skipped; i < events.size(); ++i) {
    all += fmt::format("\n  {:>12} {}", fmt::format("{:.3f} ms", static_cast<double>(events[i].time.count()) / 1e6),
                       to_string(events[i]));
  }
  return all;
}

}  // namespace

namespace detail {

/// All that is known of one run.
class tree_watch final : public process_observer, public supervision_observer {
 public:
  struct seat {
    std::vector<pid> holders;        // of each incarnation; the first at 0
    std::uint64_t acknowledged = 1;  // a later incarnation is a restart that the test has not seen
  };

  explicit tree_watch(std::uint64_t seed) : seed_{seed} {}

  void process_ended(pid process, pid parent, const exit_reason& reason) noexcept override {
    ended_.insert_or_assign(process, reason);
    journal_.process_ended(process, parent, reason);
  }
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override {
    journal_.child_started(path, type, child, supervisor);
  }
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override {
    journal_.child_start_failed(path, reason, supervisor);
  }
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override {
    journal_.restart_limit_reached(path, supervisor);
  }

  void root_started(const std::string& path, pid root) {
    journal_.root_started(path, root);
    roots_.push_back(root);
  }
  void root_start_failed(const std::string& path, const exit_reason& reason) {
    journal_.root_start_failed(path, reason);
  }

  void fail(const std::string& text, source_place where) {
    // The first one is the cause of the others, and what comes after it explains nothing.
    if (!failure_) failure_ = test_failure{text + happened(events_) + log_.text(), where};
  }

  seat* find_seat(std::string_view path) {
    const auto found = seats_.find(path);
    return found != seats_.end() ? &found->second : nullptr;
  }
  const std::pair<std::string, std::uint64_t>* find_life(pid process) const {
    const auto found = lives_.find(process);
    return found != lives_.end() ? &found->second : nullptr;
  }
  const exit_reason* find_end(pid process) const {
    const auto found = ended_.find(process);
    return found != ended_.end() ? &found->second : nullptr;
  }

  const tree_journal& journal() const noexcept { return journal_; }
  const std::vector<tree_event>& events() const noexcept { return events_; }
  const std::vector<pid>& roots() const noexcept { return roots_; }
  std::uint64_t seed() const noexcept { return seed_; }
  const std::optional<test_failure>& failure() const noexcept { return failure_; }
  std::shared_ptr<start_faults>& faults() noexcept { return faults_; }
  std::size_t& taken() noexcept { return taken_; }

 private:
  void note(const tree_event& event) {
    events_.push_back(event);
    if (event.what != tree_event::kind::started) return;
    seats_[event.path].holders.push_back(event.process);
    lives_.try_emplace(event.process, event.path, event.incarnation);
  }

  const kept_log log_;
  tree_journal journal_{[this](const tree_event& event) { note(event); }};
  std::uint64_t seed_;
  std::vector<pid> roots_;
  std::vector<tree_event> events_;
  std::map<std::string, seat, std::less<>> seats_;
  std::unordered_map<pid, std::pair<std::string, std::uint64_t>> lives_;
  std::unordered_map<pid, exit_reason> ended_;
  std::shared_ptr<start_faults> faults_;
  std::optional<test_failure> failure_;
  std::size_t taken_ = 0;
};

}  // namespace detail

namespace {

// Supervisors hold the observer that they tell; the watch outlives them.
std::shared_ptr<supervision_observer> unowned(detail::tree_watch& watch) {
  return {std::shared_ptr<void>{}, &watch};
}

}  // namespace

// Trees
// ------------------------------------------------------------------------------------------------------------------

pid tree_fixture::plant(supervisor_init root, place where) {
  if (root.observer != nullptr) {
    throw std::invalid_argument{"coppice: the test observes the tree itself; leave out supervisor_init::observer"};
  }
  if (root.path.empty()) root.path = "root";
  root.observer = unowned(watch_);
  const std::string path = root.path;
  const start_result started = start_supervisor(std::move(root));
  if (!started) {
    watch_.root_start_failed(path, started.error());
    fail(fmt::format("the tree {} did not start: {}", path, started.error().to_string()), where);
  }
  watch_.root_started(path, started.process());
  return started.process();
}

pid tree_fixture::plant(const std::string& tree_file, const worker_registry& workers, place where) {
  const auto [root, chaos, faults] = read_tree_file(tree_file, workers);
  if (!root) fail("the tree file has faults:\n" + faults.text(), where);
  return plant(*root, workers, where);
}

pid tree_fixture::plant(const supervisor_spec& root, const worker_registry& workers, place where) {
  if (watch_.faults() == nullptr) watch_.faults() = std::make_shared<start_faults>();
  const start_result started = start_tree(root, {&workers, unowned(watch_), watch_.faults()});
  if (!started) {
    watch_.root_start_failed(root.id, started.error());
    fail(fmt::format("the tree {} did not start: {}", root.id, started.error().to_string()), where);
  }
  watch_.root_started(root.id, started.process());
  return started.process();
}

// Commands
// ------------------------------------------------------------------------------------------------------------------

void tree_fixture::advance(duration time) {
  sleep(time);
  await_idle();
}

pid tree_fixture::cut(const tree_process& victim, const exit_reason& how, place where) {
  const pid hit = victim.process() ? victim.process() : get(victim.path(), where);
  if (!is_alive(hit)) fail(fmt::format("expected {} to live, to be cut; it has ended", to_string(hit)), where);
  if (const auto* life = watch_.find_life(hit)) watch_.find_seat(life->first)->acknowledged = life->second;
  exit(hit, how);
  return hit;
}

void tree_fixture::fail_next_starts(std::string_view path, std::uint64_t count) {
  if (watch_.faults() == nullptr) {
    throw std::logic_error{"coppice: only starts of a tree from a file can be made to fail; plant one first"};
  }
  watch_.faults()->fail_next(path, count);
}

void tree_fixture::end_trees(place where) {
  const auto& roots = watch_.roots();
  for (auto root = roots.rbegin(); root != roots.rend(); ++root) {
    if (is_alive(*root)) detail::end_process(*root, exit_reason::shutdown(), std::nullopt);
  }
  await_quiescence();
  const auto is_root = [&roots](pid one) { return std::find(roots.begin(), roots.end(), one) != roots.end(); };
  std::string left;
  for (const pid each : processes()) {
    const auto about = process_info(each, info::ancestors, info::initial_call);
    if (!about || std::none_of(about->ancestors.begin(), about->ancestors.end(), is_root)) continue;
    left += fmt::format("{}{} {}", left.empty() ? "" : ", ", to_string(each), about->initial_call);
  }
  if (!left.empty()) fail("processes that the trees have left behind at their end: " + left, where);
}

// Expectations
// ------------------------------------------------------------------------------------------------------------------

exit_reason tree_fixture::expect_down(pid process, duration limit, place where) {
  const reference watched = monitor(process);
  exit_reason reason = receive(
      when([watched](const down& ended) { return ended.ref == watched; }, [](down& ended) { return ended.reason; }),
      after(limit, [&]() -> exit_reason {
        fail(fmt::format("expected the end of {}{} within {}; it lives", to_string(process),
                         watch_.find_life(process) != nullptr ? " (" + watch_.find_life(process)->first + ")" : "",
                         shown(limit)),
             where);
      }));
  // Of one that had ended before, the monitor knows no reason.
  if (const auto* known = watch_.find_end(process)) reason = *known;
  return reason;
}

void tree_fixture::expect_down(pid process, const exit_reason& reason, duration limit, place where) {
  const exit_reason found = expect_down(process, limit, where);
  if (found != reason) {
    fail(fmt::format("expected the end of {} with {}; it ended with {}", to_string(process), reason.to_string(),
                     found.to_string()),
         where);
  }
}

void tree_fixture::expect_down(pid process, std::string_view reason, duration limit, place where) {
  const exit_reason found = expect_down(process, limit, where);
  if (found.to_string() != reason) {
    fail(fmt::format("expected the end of {} with {}; it ended with {}", to_string(process), reason, found.to_string()),
         where);
  }
}

pid tree_fixture::expect_restart(const tree_process& child, duration limit, place where) {
  std::string path = child.path();
  std::optional<std::uint64_t> since;
  if (child.process()) {
    const auto* life = watch_.find_life(child.process());
    if (life == nullptr) {
      fail(fmt::format("expected a restart of {}, which has never been in a tree", to_string(child.process())), where);
    }
    path = life->first;
    since = life->second;
  }
  detail::tree_watch::seat* const seat = watch_.find_seat(path);
  if (seat == nullptr) {
    fail(fmt::format("expected a restart of {}, where nobody has ever lived; {}", path, lives_now()), where);
  }
  const std::uint64_t old = since.value_or(seat->acknowledged);
  wait_until([seat, old] { return seat->holders.size() > old; }, limit,
             [&] {
               return fmt::format("expected a restart of {} after its incarnation {} within {}; {}", path, old,
                                  shown(limit), lives_now());
             },
             where);
  seat->acknowledged = std::max(seat->acknowledged, old + 1);
  return seat->holders[static_cast<std::size_t>(old)];
}

void tree_fixture::eventually(const std::function<bool()>& predicate, duration limit, place where) {
  wait_until(
      predicate, limit, [limit] { return fmt::format("expected to come true within {}, and did not", shown(limit)); },
      where);
}

void tree_fixture::wait_until(const std::function<bool()>& predicate, duration limit,
                              const std::function<std::string()>& otherwise, place where) {
  // A timer of its own: the clock stops at the end of the wait, and there is always a next timer before.
  struct wait_is_over {
    reference of;
  };
  const auto end = monotonic_time() + limit;
  const reference own = reference::make();
  const timer_reference timer = send_after(limit, self(), wait_is_over{own});
  bool came_true = false;
  for (;;) {
    await_idle();
    came_true = predicate();
    if (came_true || monotonic_time() >= end) break;
    advance_to_next_timer();
  }
  cancel_timer(timer);
  receive(when([own](const wait_is_over& due) { return due.of == own; }, [](wait_is_over) {}),
          after(duration{0}, [] {}));
  if (!came_true) fail(otherwise(), where);
}

void tree_fixture::no_message(std::string_view type, bool guarded, duration limit, place where) {
  std::string queued;
  if (const auto own = process_info(self(), info::messages)) {
    for (const auto& each : own->messages) queued += (queued.empty() ? "" : ", ") + each;
  }
  fail(fmt::format("expected a message {}{} within {}; in the queue: {}", type, guarded ? " that the guard takes" : "",
                   shown(limit), queued.empty() ? "nothing" : queued),
       where);
}

void tree_fixture::fail(const std::string& text, place where) {
  watch_.fail(text, where);
  throw run_is_over{text};
}

// Queries
// ------------------------------------------------------------------------------------------------------------------

std::optional<pid> tree_fixture::find(std::string_view path) const {
  const auto life = watch_.journal().find(path);
  return life ? std::optional{life->process} : std::nullopt;
}

pid tree_fixture::get(std::string_view path, place where) {
  const auto found = find(path);
  if (!found) fail(fmt::format("expected a process at {}; {}", path, lives_now()), where);
  return *found;
}

const std::vector<tree_event>& tree_fixture::events() const noexcept {
  return watch_.events();
}

std::vector<std::string> tree_fixture::take_events() {
  std::vector<std::string> lines;
  for (std::size_t& next = watch_.taken(); next < events().size(); ++next) lines.push_back(to_string(events()[next]));
  return lines;
}

std::uint64_t tree_fixture::seed() const noexcept {
  return watch_.seed();
}

std::string tree_fixture::lives_now() const {
  constexpr std::size_t most = 20;
  const auto living = watch_.journal().living();
  if (living.empty()) return "nobody lives";
  std::string paths;
  std::size_t count = 0;
  for (const auto& [path, life] : living) {
    if (++count > most) return fmt::format("there live{} and {} others", paths, living.size() - most);
    paths += " " + path;
  }
  return "there live" + paths;
}

// A run
// ------------------------------------------------------------------------------------------------------------------

std::optional<test_failure> test_with_seed(std::uint64_t seed, const std::function<void(tree_fixture&)>& body,
                                           const test_options& options, source_place where) {
  if (options.runtime.observer != nullptr) {
    throw std::invalid_argument{"coppice: the test observes the runtime itself; leave out runtime_options::observer"};
  }
  detail::tree_watch watch{seed};
  runtime_options running = options.runtime;
  running.observer = &watch;
  simulation{seed, running}.run([&] {
    // Its own process, so that a body that crashes or waits for ever is seen from outside.
    const auto test = spawn_monitor(
        [&] {
          process_flag(trap_exit, true);
          detail::observe_children(true);
          tree_fixture fixture{watch};
          try {
            body(fixture);
            fixture.end_trees(where);
          } catch (const run_is_over&) {  // NOLINT(bugprone-empty-catch): the failure is noted
          }
        },
        {.stack = running.main_stack_size});
    receive(
        [&](const down& ended) {
          if (!ended.reason.is_normal()) watch.fail("the test ended with " + ended.reason.to_string(), where);
        },
        after(options.longest, [&] {
          watch.fail(fmt::format("the test has not ended within {} of virtual time: it waits for what does not come",
                                 shown(options.longest)),
                     where);
          exit(test.process, exit_reason::kill());
        }));
  });
  return watch.failure();
}

}  // namespace coppice
