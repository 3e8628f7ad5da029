#include "forester.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <calc/calc.hpp>
#include <fmt/format.h>

#include <coppice/coppice.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_builder.hpp>

#include "calculators.hpp"
#include "clerk.hpp"
#include "console.hpp"
#include "felling_plan.hpp"
#include "tally.hpp"

namespace calc_tree {

namespace {

using namespace std::chrono_literals;
using calc_sample::calc;
using coppice::exit_reason;
using coppice::pid;
using std::chrono::nanoseconds;

constexpr auto between_rounds = 200ms;
constexpr auto patience = 5s;
constexpr std::size_t clerks = 4;
constexpr std::size_t faults_shown = 10;

/// The journal saw a process start.
struct grown {
  std::string path;
  pid process;
};

class forester {
 public:
  forester(const coppice::supervisor_spec& root, const coppice::worker_registry& workers, const calculators& known,
           const options& wanted)
      : root_{root},
        workers_{workers},
        known_{known},
        wanted_{wanted},
        plan_{known, wanted.seed},
        journal_{std::make_shared<coppice::tree_journal>([this](const coppice::tree_event& event) {
          if (event.what == coppice::tree_event::kind::restart_limit) gave_up_.store(true);
          if (event.what != coppice::tree_event::kind::started || !watching_.load()) return;
          coppice::send(me_, grown{event.path, event.process});
        })} {
    for (const auto& each : known.all()) lives_.emplace(each.path, 1);
    for (const auto& each : known.supervisors()) supervisor_lives_.emplace(each, 1);
  }

  coppice::process_observer& observer() noexcept { return *journal_; }

  // The process that is the root's parent.
  bool run() {
    me_ = coppice::self();
    coppice::process_flag(coppice::trap_exit, true);
    others_ = coppice::processes().size();
    if (!start()) return false;
    open_for_business();
    begin_ = coppice::monotonic_time();
    const auto rounds = static_cast<std::uint64_t>(wanted_.length / between_rounds);
    for (std::uint64_t round = 1; round <= rounds && !is_lost_; ++round) {
      fell(plan_.next());
      wait_until(begin_ + round * between_rounds);
    }
    close_business();
    count_the_living();
    end();
    report();
    return tally_.faults().empty() && console_.is_whole();
  }

 private:
  // Start and end
  // -----------------------------------------------------------------------------------------------------------

  bool start() {
    const auto before = coppice::monotonic_time();
    coppice::detail::observe_children(true);
    const coppice::start_result started = start_tree(root_, {&workers_, journal_, nullptr});
    coppice::detail::observe_children(false);
    if (!started) {
      journal_->root_start_failed(root_.id, started.error());
      console_.line("the tree did not start: " + started.error().to_string());
      return false;
    }
    root_process_ = started.process();
    journal_->root_started(root_.id, root_process_);
    console_.line(fmt::format("{} is up: {} calculators under {} supervisors, in {}", root_.id, known_.all().size(),
                              known_.supervisors().size() + 1, milliseconds(coppice::monotonic_time() - before)));
    console_.line(
        fmt::format("cutting for {} s, seed {}; meanwhile {} clerks work all calculators and check every value\n",
                    wanted_.length.count(), wanted_.seed, clerks));
    watching_.store(true);
    return true;
  }

  void open_for_business() {
    const std::span all{known_.all()};
    for (std::size_t number = 0; number < clerks; ++number) {
      const std::size_t from = all.size() * number / clerks;
      const std::size_t to = all.size() * (number + 1) / clerks;
      const auto hired =
          coppice::spawn_monitor([this, own = all.subspan(from, to - from), seed = wanted_.seed + number + 1] {
            work_as_clerk(own, *journal_, seed, me_, checked_);
          });
      clerks_.insert(hired.process);
    }
  }

  void close_business() {
    for (const pid each : clerks_) coppice::send(each, close_up{});
    const auto until = coppice::monotonic_time() + 2 * patience;
    is_closing_ = true;
    while (!clerks_.empty() && coppice::monotonic_time() < until) handle_until(until);
    for (const pid each : clerks_) tally_.wrong(fmt::format("the clerk {} does not stop", to_string(each)));
  }

  void count_the_living() {
    expected_ = process_count(root_);
    const auto living = journal_->living();
    alive_ = static_cast<std::uint64_t>(std::count_if(
        living.begin(), living.end(), [](const auto& each) { return coppice::is_alive(each.second.process); }));
    if (alive_ != expected_) {
      tally_.wrong(fmt::format("expected {} processes in the tree, {} are alive", grouped(expected_), grouped(alive_)));
    }
    for (const auto& [path, lives] : lives_) count_lives(living, path, lives);
    for (const auto& [path, lives] : supervisor_lives_) count_lives(living, path, lives);
    for (const auto& each : known_.all()) {
      const auto found = living.find(each.path);
      if (found != living.end() && !answers(found->second.process)) tally_.wrong(each.path + " does not answer");
    }
    const std::size_t there = coppice::processes().size();
    if (there > others_ + alive_) {
      tally_.wrong(fmt::format("{} processes are there that belong to nobody", there - others_ - alive_));
    }
  }

  void count_lives(const std::map<std::string, coppice::tree_journal::life, std::less<>>& living,
                   const std::string& path, std::uint64_t expected) {
    const auto found = living.find(path);
    if (found == living.end()) {
      tally_.wrong(path + " is not there");
    } else if (found->second.incarnation != expected) {
      tally_.wrong(fmt::format("{} should be in its life number {}, and is in number {}", path, expected,
                               found->second.incarnation));
    }
  }

  void end() {
    watching_.store(false);
    if (!coppice::is_alive(root_process_)) return;
    coppice::detail::end_process(root_process_, exit_reason::shutdown(), std::nullopt);
    const std::size_t left = coppice::processes().size();
    if (left > others_) tally_.wrong(fmt::format("{} processes are left after the end of the tree", left - others_));
  }

  // Felling
  // -----------------------------------------------------------------------------------------------------------------

  void fell(const felling& round) {
    std::set<std::string> awaited;
    std::vector<std::pair<std::string, pid>> targets;
    for (const auto& path : round.paths) {
      const auto target = journal_->find(path);
      if (!target) {
        tally_.wrong(path + " is not there to be cut down");
        continue;
      }
      targets.emplace_back(path, target->process);
      for (auto& each : known_.restarted_with(path)) awaited.insert(std::move(each));
    }
    const auto cut_at = coppice::monotonic_time();
    for (const auto& [path, process] : targets) {
      cut(round.kind, process);
      tally_.cut(round.kind);
    }
    const std::size_t restarts = awaited.size();
    const auto back_at = await_growth(round.kind, std::move(awaited), cut_at);
    if (!back_at) return;
    tally_.restarted(round.kind, restarts);
    console_.line(fmt::format(
        "{}  {}  {} {}", console_.in(console::shade::faint, fmt::format("{:>6.2f} s", seconds(cut_at - begin_))),
        console_.in(console::shade::bad, fmt::format("{:<18}", to_string(round.kind))),
        fmt::format("{:<44}", named(round.paths)),
        console_.in(console::shade::good, fmt::format("{} back in {}", restarts, milliseconds(*back_at - cut_at)))));
    show_progress();
  }

  static void cut(cut_kind kind, pid process) {
    switch (kind) {
      case cut_kind::kill:
      case cut_kind::subtree: coppice::exit(process, exit_reason::kill()); break;
      case cut_kind::crash:
      case cut_kind::group: calc::div(process, 0); break;
      case cut_kind::exit_signal: coppice::exit(process, "felled"); break;
    }
  }

  // Until all of them answer; when the last one did. Nothing: they do not come back.
  std::optional<nanoseconds> await_growth(cut_kind kind, std::set<std::string> awaited, nanoseconds cut_at) {
    const auto until = cut_at + patience;
    while (!awaited.empty() && !is_lost_) {
      const auto news = handle_until(until);
      if (!news) {
        if (coppice::monotonic_time() < until) continue;
        tally_.wrong(fmt::format("restarts lost: after {} s these had not grown back: {}", patience.count(),
                                 named({awaited.begin(), awaited.end()})));
        is_lost_ = true;
        return std::nullopt;
      }
      count_life(news->path);
      if (awaited.erase(news->path) == 0) {
        tally_.wrong(news->path + " was started again without having been cut down");
      } else if (lives_.contains(news->path)) {
        if (!answers(news->process))
          tally_.wrong(fmt::format("{} {} does not answer", news->path, to_string(news->process)));
        tally_.recovered(kind, coppice::monotonic_time() - cut_at);
      }
    }
    if (is_lost_) return std::nullopt;
    return coppice::monotonic_time();
  }

  void count_life(const std::string& path) {
    if (const auto found = lives_.find(path); found != lives_.end()) ++found->second;
    if (const auto found = supervisor_lives_.find(path); found != supervisor_lives_.end()) ++found->second;
  }

  static bool answers(pid process) {
    try {
      calc::view(process);
      return true;
    } catch (const coppice::exit_exception&) {
      return false;
    }
  }

  void wait_until(nanoseconds time) {
    while (!is_lost_ && coppice::monotonic_time() < time) {
      if (const auto news = handle_until(time)) {
        count_life(news->path);
        tally_.wrong(news->path + " was started again without having been cut down");
      }
    }
  }

  // Takes one message, if one comes before that time; of a process that has started, the news.
  std::optional<grown> handle_until(nanoseconds time) {
    std::optional<grown> news;
    coppice::receive([&news](grown each) { news = std::move(each); },
                     [this](wrong_value each) {
                       ++wrong_values_;
                       tally_.wrong("a wrong value: " + each.what);
                     },
                     [this](coppice::down each) { clerk_ended(each); },
                     [this](coppice::exit_signal each) {
                       if (each.sender != root_process_ || is_lost_) return;
                       tally_.wrong(fmt::format("{} has ended: {}{}", root_.id, each.reason.to_string(),
                                                gave_up_.load() ? "; its \"max_restarts\" are too few for this" : ""));
                       is_lost_ = true;
                     },
                     coppice::after(std::max(time - coppice::monotonic_time(), nanoseconds{0}), [] {}));
    return news;
  }

  void clerk_ended(const coppice::down& end) {
    clerks_.erase(end.process);
    if (!is_closing_ || !end.reason.is_normal()) {
      tally_.wrong(fmt::format("the clerk {} ended: {}", to_string(end.process), end.reason.to_string()));
    }
  }

  // Showing
  // -----------------------------------------------------------------------------------------------------------------

  // `root/pool/calc-17, calc-42 and 3 more`.
  static std::string named(const std::vector<std::string>& paths) {
    if (paths.empty()) return "nothing";
    std::string text = paths.front();
    const std::string folder = text.substr(0, text.rfind('/') + 1);
    if (paths.size() > 1) text += ", " + (paths[1].starts_with(folder) ? paths[1].substr(folder.size()) : paths[1]);
    if (paths.size() > 2) text += fmt::format(" and {} more", paths.size() - 2);
    return text;
  }

  static double seconds(nanoseconds time) { return std::chrono::duration<double>{time}.count(); }

  void show_progress() {
    constexpr int width = 24;
    const double share =
        std::min(1.0, seconds(coppice::monotonic_time() - begin_) / static_cast<double>(wanted_.length.count()));
    const auto done = static_cast<std::size_t>(share * width);
    console_.progress(fmt::format("  [{}{}] {} cuts, {} restarts, {} values checked", std::string(done, '#'),
                                  std::string(width - done, '.'), grouped(tally_.cuts()), grouped(tally_.restarts()),
                                  grouped(checked_.load())));
  }

  void report() {
    console_.end_progress();
    const auto& faults = tally_.faults();
    console_.line("\n" + tally_.table());
    console_.line(fmt::format("  values checked  {}, {}", grouped(checked_.load()),
                              wrong_values_ == 0 ? "every one right" : grouped(wrong_values_) + " wrong"));
    console_.line(fmt::format("  processes       {} expected, {} alive\n", grouped(expected_), grouped(alive_)));
    for (std::size_t i = 0; i < std::min(faults.size(), faults_shown); ++i) {
      console_.line(console_.in(console::shade::bad, "wrong: ") + faults[i]);
    }
    if (faults.size() > faults_shown) console_.line(fmt::format("and {} more", faults.size() - faults_shown));
    if (faults.empty()) console_.line(console_.in(console::shade::good, "everything grew back"));
  }

  const coppice::supervisor_spec& root_;
  const coppice::worker_registry& workers_;
  const calculators& known_;
  const options& wanted_;
  felling_plan plan_;
  console console_;
  tally tally_;

  pid me_;
  pid root_process_;
  std::size_t others_ = 0;             // processes that are not of the tree
  std::atomic<bool> watching_{false};  // whether starts are told to us
  std::atomic<bool> gave_up_{false};
  std::shared_ptr<coppice::tree_journal> journal_;
  std::set<pid> clerks_;
  bool is_closing_ = false;
  std::atomic<std::uint64_t> checked_{0};
  std::uint64_t wrong_values_ = 0;

  // In which life each should be.
  std::map<std::string, std::uint64_t, std::less<>> lives_;
  std::map<std::string, std::uint64_t, std::less<>> supervisor_lives_;
  nanoseconds begin_{0};
  bool is_lost_ = false;  // there is no point in going on
  std::uint64_t expected_ = 0;
  std::uint64_t alive_ = 0;
};

}  // namespace

bool fell_and_watch(const coppice::supervisor_spec& root, const coppice::worker_registry& workers,
                    const options& wanted) {
  const calculators known{root};
  // What we cut down would be reported as the accident that it is not.
  coppice::set_log_handler([](const coppice::log_record& record) {
    if (record.level == coppice::log_level::warning) fmt::print(stderr, "calc_tree: {}\n", record.text);
  });
  forester one{root, workers, known, wanted};
  coppice::runtime_options engine;
  engine.observer = &one.observer();
  bool good = false;
  const int status = coppice::run([&] { good = one.run(); }, engine);
  coppice::set_log_handler({});
  return good && status == 0;
}

}  // namespace calc_tree
