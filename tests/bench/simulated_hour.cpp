// tests/bench/simulated_hour [SEED]: one simulated hour of a tree of 1,000 workers with ten cuts every simulated
// second, and how long it took in real time. Every invariant is checked as it goes, each second, when everybody has to
// be back, and when the tree is gone. Its status says whether they held, not how long it took.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <calc/calc.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/checker_feed.hpp>
#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/random.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_builder.hpp>

namespace {

using namespace std::chrono_literals;

constexpr int pools = 10;
constexpr std::uint32_t workers_in_a_pool = 100;
constexpr int seconds_in_an_hour = 3600;
constexpr int cuts_in_a_second = 10;
constexpr std::size_t processes = 1 + pools + std::size_t{pools} * workers_in_a_pool;

coppice::supervisor_spec tree() {
  coppice::supervisor_spec root;
  root.id = "root";
  for (int i = 1; i <= pools; ++i) {
    coppice::worker_spec calc;
    calc.id = "calc";
    calc.start = "calc";
    calc.args = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    calc.count = workers_in_a_pool;
    coppice::supervisor_spec pool;
    pool.id = "pool" + std::to_string(i);
    pool.max_restarts = 1000;
    pool.children.push_back({std::move(calc)});
    root.children.push_back({std::move(pool)});
  }
  return root;
}

/// A hash of every event, to compare runs by.
class fingerprint {
 public:
  void add(std::string_view text) noexcept {
    for (const char each : text) sum_ = (sum_ ^ static_cast<unsigned char>(each)) * 0x100000001B3U;
  }
  std::uint64_t sum() const noexcept { return sum_; }

 private:
  std::uint64_t sum_ = 0xCBF29CE484222325U;
};

// Three ways: killed, crashed by an exception, ended by an exit signal.
void cut(coppice::pid worker, std::uint64_t way) {
  switch (way) {
    case 0: coppice::exit(worker, coppice::exit_reason::kill()); break;
    case 1: calc_sample::calc::div(worker, 0); break;
    default: coppice::exit(worker, "boom"); break;
  }
}

// The tree, and those who watch it.
struct watched {
  const coppice::supervisor_spec& spec;
  const coppice::worker_registry& workers;
  std::shared_ptr<coppice::tree_journal> journal;
  std::shared_ptr<coppice::observer_pair> observer;
  coppice::invariant_checker& checker;
};

void hour(const watched& tree) {
  coppice::process_flag(coppice::trap_exit, true);
  tree.checker.begin();
  coppice::detail::observe_children(true);
  const auto started = coppice::start_tree(tree.spec, {&tree.workers, tree.observer, nullptr});
  coppice::detail::observe_children(false);
  tree.journal->root_started("root", started.process());
  tree.checker.root_started("root", started.process(), coppice::monotonic_time());
  const auto begin = coppice::monotonic_time();
  for (int second = 0; second < seconds_in_an_hour; ++second) {
    for (int i = 0; i < cuts_in_a_second; ++i) {
      const auto path = fmt::format("root/pool{}/calc-{}", 1 + coppice::draw_below(pools),
                                    1 + coppice::draw_below(workers_in_a_pool));
      const auto victim = tree.journal->find(path);
      if (!victim) throw std::runtime_error{path + " is not back"};
      cut(victim->process, coppice::draw_below(3));
      if (!coppice::await_quiescence()) throw std::runtime_error{"the tree does not come to rest"};
      coppice::sleep(1000ms / cuts_in_a_second);
    }
    tree.checker.check_quiet({}, coppice::monotonic_time());
    if (tree.journal->living().size() != processes) throw std::runtime_error{"somebody is lost"};
  }
  if (coppice::monotonic_time() - begin != 1h) throw std::runtime_error{"that was no hour"};
  coppice::detail::end_process(started.process(), coppice::exit_reason::shutdown(), std::nullopt);
  if (!coppice::await_quiescence()) throw std::runtime_error{"what is left does not come to rest"};
  coppice::receive([](const coppice::exit_signal&) {}, coppice::after(0s, [] {}));
  tree.checker.check_gone({}, coppice::monotonic_time());
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t seed = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  coppice::worker_registry workers;
  workers.add<calc_sample::calc>("calc");
  const coppice::supervisor_spec spec = tree();
  coppice::set_log_handler([](const coppice::log_record& record) {
    if (!record.process) fmt::print(stderr, "{}\n", record.text);
  });

  fingerprint trace;
  std::map<coppice::tree_event::kind, int> events;
  const auto journal = std::make_shared<coppice::tree_journal>([&](const coppice::tree_event& event) {
    ++events[event.what];
    trace.add(fmt::format("{} {} {} {}\n", static_cast<int>(event.what), event.path, event.incarnation,
                          event.reason.to_string()));
  });
  coppice::invariant_checker checker{{.tree = &spec, .workers = &workers, .count = coppice::count_live_objects}};
  coppice::checker_feed feed{checker};
  const auto observer = std::make_shared<coppice::observer_pair>(journal.get(), journal.get(), feed, feed);
  coppice::runtime_options options;
  options.observer = observer.get();
  const coppice::simulation sim{seed, options};

  bool is_through = false;  // main may also end with the root
  const auto begin = std::chrono::steady_clock::now();
  sim.run([&] {
    hour({spec, workers, journal, observer, checker});
    is_through = true;
  });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  fmt::print("seed {}: {} starts, {} ends, trace {:016x}, {} violations, in {:.2f} s\n", seed,
             events[coppice::tree_event::kind::started], events[coppice::tree_event::kind::exited], trace.sum(),
             checker.count(), took.count());
  for (const auto& each : checker.violations()) fmt::print("{}: {}: {}\n", each.invariant, each.path, each.text);
  return is_through && checker.count() == 0 ? 0 : 1;
}
