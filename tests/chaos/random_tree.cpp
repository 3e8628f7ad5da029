#include "chaos/random_tree.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <boost/describe/class.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/chaos/checker_feed.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/random.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/scheduling/splitmix.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/tree/start_faults.hpp>
#include <coppice/tree/tree_builder.hpp>

using namespace std::chrono_literals;

namespace coppice::testing {

namespace {

struct tick {};
struct fail {};
struct ask {
  using reply = int;
};
struct ask_later {
  using reply = int;
};
struct number {
  using reply = int;
};

constexpr int right_number = 7;

bool one_in(std::uint64_t chances) {
  return draw_below(chances) == 0;
}

/// Traps exits or not, takes its time, crashes, ends, sets timers, makes helpers and asks others: all of it drawn.
class anybody : public server<anybody, tick, fail, ask, ask_later, number, down, exit_signal> {
 public:
  struct args {
    int number = 0;
    BOOST_DESCRIBE_CLASS(args, (), (number), (), ())
  };

  explicit anybody(args given) : args_{given} {
    if (one_in(3)) process_flag(trap_exit, true);
    if (one_in(20)) sleep(std::chrono::milliseconds{draw_below(30)});
    if (one_in(40)) exit("stillborn");
    if (one_in(40)) ignore();
    // It ends with its maker, for whatever reason that ends.
    if (one_in(8)) {
      helper_ = spawn_link([maker = self()] {
        monitor(maker);
        receive([](const down&) {});
      });
    }
    wait();
  }

  void handle(tick) {
    if (one_in(6)) sleep(std::chrono::milliseconds{draw_below(50)});
    if (one_in(30)) exit(one_in(2) ? exit_reason::normal() : exit_reason::parse("{shutdown,bored}"));
    if (one_in(30)) throw error{"tired"};
    if (one_in(6)) monitor(helper_ ? helper_ : self());
    wait();
  }
  static void handle(fail) { throw error{"told"}; }
  static int handle(ask) {
    if (one_in(4)) sleep(std::chrono::milliseconds{draw_below(20)});
    if (one_in(10)) throw error{"asked"};
    return 1;
  }
  void handle(ask_later, const from<int>& asker) { kept_.push_back(asker); }
  int handle(number) const { return args_.number; }
  static void handle(const down&) {}
  static void handle(const exit_signal&) {}
  void terminate(const exit_reason&) {
    if (one_in(3)) sleep(std::chrono::milliseconds{draw_below(40)});
    if (one_in(20)) exit("last words");
  }

 private:
  void wait() {
    if (one_in(2)) send_after(std::chrono::milliseconds{draw_below(4) * 300}, self(), tick{});
    if (one_in(4)) send_after(1h, self(), tick{});
    if (!kept_.empty()) {
      reply(kept_.back(), 2);
      kept_.pop_back();
    }
  }

  args args_;
  pid helper_;
  std::vector<from<int>> kept_;
};

// Random numbers for what is made before a runtime runs.
class dice {
 public:
  explicit dice(std::uint64_t seed) : state_{seed} {}
  std::uint64_t below(std::uint64_t limit) { return scheduling::splitmix(state_ += scheduling::splitmix_step) % limit; }

 private:
  std::uint64_t state_;
};

constexpr strategy strategies[] = {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one};
constexpr restart_type restarts[] = {restart_type::permanent, restart_type::permanent, restart_type::permanent,
                                     restart_type::transient, restart_type::temporary};

class planter {
 public:
  explicit planter(std::uint64_t seed) : dice_{seed} {}

  supervisor_spec supervisor(const std::string& id, int levels, auto_shutdown above) {
    supervisor_spec made;
    made.id = id;
    made.strategy = strategies[dice_.below(3)];
    made.max_restarts = static_cast<std::uint32_t>(dice_.below(5));
    made.max_seconds = std::chrono::seconds{1 + dice_.below(3)};
    if (dice_.below(3) == 0)
      made.auto_shutdown = dice_.below(2) == 0 ? auto_shutdown::any_significant : auto_shutdown::all_significant;
    made.restart = restarts[dice_.below(5)];
    made.significant = above != auto_shutdown::never && made.restart != restart_type::permanent && dice_.below(2) == 0;
    made.shutdown = dice_.below(8) == 0 ? shutdown_time::brutal_kill() : shutdown_time::infinity();
    if (dice_.below(3) == 0) made.name = fmt::format("name{}", ++names_);
    const std::uint64_t count = dice_.below(5);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string own = fmt::format("c{}", i);
      if (levels > 0 && dice_.below(3) == 0) {
        made.children.push_back({supervisor(own, levels - 1, made.auto_shutdown)});
      } else {
        made.children.push_back({worker(own, made.auto_shutdown)});
      }
    }
    return made;
  }

  worker_spec worker(const std::string& id, auto_shutdown above) {
    worker_spec made;
    made.id = id;
    made.start = "anybody";
    made.args = std::make_shared<const nlohmann::json>(nlohmann::json{{"number", right_number}});
    made.restart = restarts[dice_.below(5)];
    made.significant = above != auto_shutdown::never && made.restart != restart_type::permanent && dice_.below(2) == 0;
    constexpr shutdown_time times[] = {std::chrono::milliseconds{10}, std::chrono::milliseconds{100},
                                       shutdown_time::brutal_kill(), shutdown_time::infinity()};
    made.shutdown = times[dice_.below(4)];
    if (dice_.below(3) == 0) made.name = fmt::format("name{}", ++names_);
    if (dice_.below(5) == 0) made.count = 1 + static_cast<std::uint32_t>(dice_.below(3));
    return made;
  }

 private:
  dice dice_;
  int names_ = 0;
};

class random_run {
 public:
  random_run(std::uint64_t seed, experiences& been_through) : planter_{seed}, been_through_{been_through} {
    root_ = planter_.supervisor("root", 3, auto_shutdown::never);
    root_.max_restarts += 10;
    root_.restart = restart_type::permanent;
    root_.significant = false;
    workers_.add<anybody>("anybody");
    checker_ = std::make_unique<invariant_checker>(
        invariant_options{.tree = &root_, .workers = &workers_, .count = count_live_objects});
    checker_->add("everybody has its number", [this](const tree_view& tree) -> std::optional<std::string> {
      for (const auto& path : tree.paths()) {
        const auto life = watcher_->living.find(path);
        if (life == watcher_->living.end() || life->second.second != child_type::worker) continue;
        const int found = tree.call(path, number{});
        if (found != right_number) return fmt::format("{} has the number {}", path, found);
      }
      return std::nullopt;
    });
    watcher_ = std::make_unique<watcher>(*this);
    feed_ = std::make_unique<checker_feed>(*checker_);
    observer_ = std::make_shared<observer_pair>(watcher_.get(), watcher_.get(), *feed_, *feed_);
  }

  std::vector<std::string> run(std::uint64_t seed, std::vector<std::string>* broken) {
    const auto before = set_log_handler([](const log_record&) {});
    runtime_options options;
    options.observer = observer_.get();
    const int status = simulation{seed, options}.run([this] { drive(); });
    set_log_handler(before);
    std::vector<std::string> lines;
    for (const auto& each : checker_->violations()) {
      lines.push_back(fmt::format("{} ns: {}: {}: {}", each.time.count(), each.invariant, each.path, each.text));
    }
    if (broken != nullptr) *broken = checker_->broken();
    if (status != 0) lines.emplace_back("the run failed");
    return lines;
  }

 private:
  // Keeps what lives, so that somebody can be chosen, and counts.
  class watcher final : public process_observer, public supervision_observer {
   public:
    explicit watcher(random_run& run) : run_{run} {}

    void process_ended(pid ended, pid, const exit_reason&) noexcept override {
      ++run_.been_through_.ended;
      std::erase_if(living, [ended](const auto& each) { return each.second.first == ended; });
    }
    void child_started(std::string_view path, child_type type, pid child, pid) noexcept override {
      ++run_.been_through_.started;
      living.insert_or_assign(std::string{path}, std::pair{child, type});
    }
    void child_start_failed(std::string_view, const exit_reason&, pid) noexcept override {
      ++run_.been_through_.failed_starts;
    }
    void restart_limit_reached(std::string_view, pid) noexcept override { ++run_.been_through_.gave_up; }
    void child_ending(std::string_view, pid, pid) noexcept override { ++run_.been_through_.told_to_end; }
    void restarting(std::string_view, pid) noexcept override { ++run_.been_through_.restarted; }
    void child_added(std::string_view, const child_spec&, pid) noexcept override { ++run_.been_through_.added; }
    void child_deleted(std::string_view, pid) noexcept override { ++run_.been_through_.deleted; }

    // Those of which a start and no end is known; by path, the last one.
    std::map<std::string, std::pair<pid, child_type>> living;

   private:
    random_run& run_;
  };

  void drive() {
    process_flag(trap_exit, true);
    checker_->begin();
    detail::observe_children(true);
    const start_result started = start_tree(root_, {&workers_, observer_, faults_});
    detail::observe_children(false);
    if (started) {
      root_process_ = started.process();
      checker_->root_started("root", root_process_, monotonic_time());
    }
    for (int round = 0; round < 8 && is_alive(root_process_); ++round) {
      const std::uint64_t acts = draw_below(6);
      for (std::uint64_t i = 0; i <= acts; ++i) act();
      if (one_in(2)) sleep(std::chrono::milliseconds{draw_below(1500)});
      check();
      // What is found later may come of what is found now.
      if (checker_->count() != 0) return;
    }
    if (is_alive(root_process_)) detail::end_process(root_process_, exit_reason::shutdown(), std::nullopt);
    if (!await_quiescence()) ++been_through_.stuck;
    bool more = true;
    while (more) receive([](message) {}, after(0s, [&more] { more = false; }));
    checker_->check_gone({}, monotonic_time());
  }

  void check() {
    std::erase_if(others_, [](pid each) { return !is_alive(each); });
    if (!await_quiescence()) {
      ++been_through_.stuck;
      return;
    }
    ++been_through_.quiet_checks;
    checker_->check_quiet(others_, monotonic_time());
  }

  std::optional<std::pair<std::string, std::pair<pid, child_type>>> anyone() {
    const auto& living = watcher_->living;
    if (living.empty()) return std::nullopt;
    return *std::next(living.begin(), static_cast<std::ptrdiff_t>(draw_below(living.size())));
  }

  void act() {
    const auto whom = anyone();
    if (!whom) return;
    const auto& [path, life] = *whom;
    const pid process = life.first;
    switch (draw_below(10)) {
      case 0:
      case 1: exit(process, exit_reason::kill()); break;
      case 2: exit(process, exit_reason{"signal"}); break;
      case 3: detail::make_end(process, exit_reason::parse(one_in(2) ? "crash" : "{shutdown,made}")); break;
      case 4: cast(process, fail{}); break;
      case 5:
        faults_->fail_next(path, 1 + draw_below(4));
        exit(process, exit_reason::kill());
        break;
      case 6: ask_about(process, one_in(2)); break;
      case 7:
      case 8: operate(path, life); break;
      case 9: sleep(std::chrono::milliseconds{draw_below(100)}); break;
      default: break;
    }
  }

  // Somebody who waits for an answer for as long as it takes.
  void ask_about(pid process, bool later) {
    others_.push_back(spawn([this, process, later] {
      checker_->call_begun();
      try {
        if (later) {
          call(process, ask_later{}, infinity);
        } else {
          call(process, ask{}, infinity);
        }
        checker_->call_answered();
      } catch (const exit_exception&) {
        checker_->call_failed();
      }
    }));
  }

  void operate(const std::string& path, const std::pair<pid, child_type>& life) {
    pid supervisor = life.first;
    std::string above = path;
    std::string id = fmt::format("c{}", draw_below(6));
    if (life.second == child_type::worker) {
      const std::size_t cut = path.rfind('/');
      above = path.substr(0, cut);
      id = path.substr(cut + 1);
      const auto found = watcher_->living.find(above);
      supervisor = found != watcher_->living.end() ? found->second.first : root_process_;
      if (found == watcher_->living.end() && above != "root") return;
    }
    const std::uint64_t what = draw_below(5);
    const tree_child added{planter_.worker(fmt::format("d{}", draw_below(3)), auto_shutdown::never)};
    others_.push_back(spawn([this, supervisor, above, id, what, added] {
      try {
        if (what == 0) {
          for (auto& spec : child_specs_of(added, above, {&workers_, observer_, faults_})) {
            start_child(supervisor, std::move(spec));
          }
        }
        if (what == 1) terminate_child(supervisor, id);
        if (what == 2) {
          terminate_child(supervisor, id);
          restart_child(supervisor, id);
        }
        if (what == 3) {
          terminate_child(supervisor, id);
          delete_child(supervisor, id);
        }
        if (what == 4) restart_child(supervisor, id);
      } catch (const exit_exception&) {  // NOLINT(bugprone-empty-catch): it has ended meanwhile
      }
    }));
  }

  planter planter_;
  experiences& been_through_;
  supervisor_spec root_;
  worker_registry workers_;
  std::unique_ptr<invariant_checker> checker_;
  std::unique_ptr<watcher> watcher_;
  std::unique_ptr<checker_feed> feed_;
  std::shared_ptr<observer_pair> observer_;
  std::shared_ptr<start_faults> faults_ = std::make_shared<start_faults>();
  pid root_process_;
  std::vector<pid> others_;  // who drives it beside the process that checks
};

}  // namespace

std::vector<std::string> run_random_tree(std::uint64_t seed, experiences& been_through,
                                         std::vector<std::string>* broken) {
  return random_run{seed, been_through}.run(seed, broken);
}

}  // namespace coppice::testing
