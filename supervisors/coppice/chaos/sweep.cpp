#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/chaos/rest.hpp>
#include <coppice/chaos/sweep.hpp>
#include <coppice/chaos/tree_lesson.hpp>
#include <coppice/chaos/watched_tree.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/tree/script_runner.hpp>

namespace coppice {

namespace {

// Longer than any time-out that somebody would wait for, and over before the run is: what hangs for ever under a
// supervisor without a limit for its shutdown would never end.
constexpr std::chrono::hours hang_time{1};

struct planned_hit {
  sweep_point point;
  hit_way way;
};

bool can_be_hit(fault_point step, hit_way way) noexcept {
  return way != hit_way::failing_start || step == fault_point::init_begins;
}

// A run whose root is lost has no tree left that could be asked.
std::vector<named_invariant> asked_while_it_lives(std::vector<named_invariant> rules, const std::string& root) {
  for (auto& each : rules) {
    each.rule = [root, rule = std::move(each.rule)](const tree_view& living) {
      return living.find(root) ? rule(living) : std::nullopt;
    };
  }
  return rules;
}

/// One run of the workload, with one hit or with none.
class sweep_run final : public script_onlooker {
 public:
  sweep_run(const supervisor_spec& root, const worker_registry& workers, const sweep_options& options,
            const planned_hit* hit)
      : root_{root},
        options_{options},
        hit_{hit},
        watched_{
            {.tree = &root, .workers = &workers, .invariants = asked_while_it_lives(options.invariants, root.id)}} {
    recorder_.tell(&forgets_);
    teach_tree(root, recorder_, &injector_);
    injector_.at_each_step([this](const chaos_injector::step& step) { count(step); });
  }

  bool has_lost_its_root() const noexcept { return root_lost_; }

  std::vector<sweep_point> take_points() { return std::move(points_); }

  std::vector<chaos_violation> broken(const std::string& script_failure) {
    auto found = watched_.violations();
    if (!script_failure.empty()) found.push_back({"the workload comes to its end", {}, script_failure, {}});
    if (hit_ != nullptr && !was_hit_) {
      found.push_back(
          {"a seed gives the same run again",
           hit_->point.path,
           fmt::format("the run did not come to its point {} again; the code of a worker must not depend on "
                       "real time, threads, addresses or random numbers of its own",
                       hit_->point.number),
           {}});
    }
    return found;
  }

  process_observer* processes() noexcept override { return &observed_; }
  supervision_observer* supervision() noexcept override { return &observed_; }
  fault_injector* faults() noexcept override { return &injector_; }

  void before_start() override {
    watched_.before_start();
    recorder_.begin(root_.id, options_.seed, true);
  }
  void root_started(pid root) override {
    recorder_.root_started(root);
    watched_.root_started(root);
  }
  void root_start_failed(const exit_reason& reason) override { recorder_.root_start_failed(reason); }
  void at_rest() override {
    if (!await_rest(injector_)) return;
    if (options_.invariants.empty()) {
      watched_.at_rest();
    } else {
      ask([this] { watched_.at_rest(); });
    }
  }
  void before_shutdown() override {
    if (!options_.expected.empty() && has_root()) ask([this] { watched_.answers(options_.expected); });
    recorder_.end();
    root_lost_ = !has_root();
  }
  void after_end() override {
    await_rest(injector_);
    watched_.after_end();
  }

 private:
  // Keeps the injector from filling up.
  class forgetting final : public chaos_recorder::listener {
   public:
    explicit forgetting(chaos_injector& in) : in_{in} {}
    void life_began(const tree_event&) noexcept override {}
    void life_ended(const tree_event&) noexcept override {}
    void process_gone(pid process) noexcept override { in_.forget(process); }

   private:
    chaos_injector& in_;
  };

  bool has_root() const { return recorder_.journal().find(root_.id).has_value(); }

  // What workers do then is no part of the workload.
  template <class Question>
  void ask(const Question& question) {
    is_asking_ = true;
    question();
    await_rest(injector_);
    is_asking_ = false;
  }

  void count(const chaos_injector::step& step) {
    const bool is_victim = !step.path.empty() && (options_.victims.paths.empty() || matches_victim(step.path));
    if (!is_victim || is_asking_) return;
    ++number_;
    if (hit_ == nullptr) {
      points_.push_back({number_, std::string{step.path}, step.point, std::string{step.what}});
      return;
    }
    if (was_hit_ || number_ != hit_->point.number) return;
    if (step.path != hit_->point.path || step.point != hit_->point.step || step.what != hit_->point.what) return;
    was_hit_ = true;
    hit(step);
  }

  bool matches_victim(std::string_view path) {
    const auto life = recorder_.journal().find(path);
    return matches(options_.victims, path, life && life->type == child_type::supervisor);
  }

  void hit(const chaos_injector::step& step) {
    recorder_.hit(step.process, step.path, fmt::format("{} at {}", to_string(hit_->way), to_string(hit_->point)), true);
    switch (hit_->way) {
      case hit_way::kill:
        exit(step.process, exit_reason::kill());
        detail::unwind_if_killed();
        break;
      case hit_way::exception: throw std::runtime_error{"injected"};
      case hit_way::exit_signal:
        exit(step.process, exit_reason{"injected"});
        detail::unwind_if_killed();
        break;
      case hit_way::failing_start: exit("injected");
      case hit_way::hang:
        recorder_.hung(step.process);
        sleep(hang_time);
        recorder_.back_from_hang(step.process);
        break;
    }
  }

  const supervisor_spec& root_;
  const sweep_options& options_;
  const planned_hit* hit_;
  watched_tree watched_;
  chaos_recorder recorder_;
  observer_pair observed_{&watched_.processes(), &watched_.supervision(), recorder_, recorder_};
  chaos_injector injector_{recorder_, options_.seed};
  forgetting forgets_{injector_};
  std::size_t number_ = 0;
  bool was_hit_ = false;
  bool is_asking_ = false;
  bool root_lost_ = false;
  std::vector<sweep_point> points_;
};

std::vector<planned_hit> plan_hits(const std::vector<sweep_point>& points, const sweep_options& options) {
  std::vector<hit_way> ways = options.ways;
  if (ways.empty()) ways.assign(std::begin(all_hit_ways), std::end(all_hit_ways));
  std::vector<planned_hit> planned;
  for (const auto& point : points) {
    if (options.only && point.number != *options.only) continue;
    for (const hit_way way : ways) {
      if (can_be_hit(point.step, way)) planned.push_back({point, way});
    }
  }
  return planned;
}

}  // namespace

std::string_view to_string(hit_way way) noexcept {
  switch (way) {
    case hit_way::kill: return "kill";
    case hit_way::exception: return "exception";
    case hit_way::exit_signal: return "exit_signal";
    case hit_way::failing_start: return "failing_start";
    case hit_way::hang: return "hang";
  }
  return "unknown";
}

std::optional<hit_way> parse_hit_way(std::string_view text) noexcept {
  for (const hit_way each : all_hit_ways) {
    if (to_string(each) == text) return each;
  }
  return std::nullopt;
}

std::string to_string(const sweep_point& point) {
  return fmt::format("{} {}{}{}", point.path, to_string(point.step), point.what.empty() ? "" : " ", point.what);
}

sweep_outcome sweep(const supervisor_spec& root, const std::vector<script_step>& steps, const worker_registry& workers,
                    const sweep_options& options) {
  const auto ignored = [](std::string_view) { return true; };
  sweep_outcome outcome;
  {
    sweep_run without{root, workers, options, nullptr};
    const std::string failure = run_script(root, steps, workers, ignored, options.seed, &without);
    outcome.without_hit = without.broken(failure);
    outcome.points = without.take_points();
  }
  for (const auto& each : outcome.points) outcome.processes.try_emplace(each.path);
  if (!outcome.without_hit.empty()) return outcome;
  if (options.only && (*options.only == 0 || *options.only > outcome.points.size())) {
    throw std::invalid_argument{
        fmt::format("expected a point from 1 to {}; got {}", outcome.points.size(), *options.only)};
  }
  const auto planned = plan_hits(outcome.points, options);
  if (options.only && planned.empty()) {
    const sweep_point& point = outcome.points[*options.only - 1];
    throw std::invalid_argument{fmt::format("a start fails only at {}; point {} is {}",
                                            to_string(fault_point::init_begins), point.number, to_string(point))};
  }
  outcome.all_runs = planned.size();
  for (const auto& each : planned) ++outcome.processes[each.point.path].all_runs;
  for (const auto& hit : planned) {
    if (options.progress && !options.progress(outcome.runs, planned.size())) {
      outcome.interrupted = true;
      break;
    }
    sweep_run run{root, workers, options, &hit};
    const std::string failure =
        run_script(root, steps, workers, options.trace ? options.trace : ignored, options.seed, &run);
    ++outcome.runs;
    ++outcome.processes[hit.point.path].runs;
    if (run.has_lost_its_root()) ++outcome.roots_lost;
    if (auto broken = run.broken(failure); !broken.empty()) {
      outcome.failures.push_back({hit.point, hit.way, std::move(broken)});
    }
  }
  return outcome;
}

}  // namespace coppice
