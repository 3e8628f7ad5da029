// tests/bench/simulated_hour [SEED]: one simulated hour of a tree of 1,000 workers with ten cuts every simulated
// second, and how long it took in real time. Each second everybody has to be back. Its status says whether they were,
// not how long it took.

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

#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/random.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_builder.hpp>

namespace {

using namespace std::chrono_literals;

constexpr int pools = 10;
constexpr std::uint32_t workers_in_a_pool = 100;
constexpr int seconds_in_an_hour = 3600;
constexpr int cuts_in_a_second = 10;

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

int hour(const coppice::supervisor_spec& spec, const coppice::worker_registry& workers,
         const std::shared_ptr<coppice::tree_journal>& journal) {
  coppice::detail::observe_children(true);
  const auto started = coppice::start_tree(spec, {&workers, journal, nullptr});
  coppice::detail::observe_children(false);
  journal->root_started("root", started.process());
  for (int second = 0; second < seconds_in_an_hour; ++second) {
    for (int i = 0; i < cuts_in_a_second; ++i) {
      const auto path = fmt::format("root/pool{}/calc-{}", 1 + coppice::draw_below(pools),
                                    1 + coppice::draw_below(workers_in_a_pool));
      const auto victim = journal->find(path);
      if (!victim) throw std::runtime_error{path + " is not back"};
      cut(victim->process, coppice::draw_below(3));
      if (!coppice::await_quiescence()) throw std::runtime_error{"the tree does not come to rest"};
      coppice::sleep(1000ms / cuts_in_a_second);
    }
    if (journal->living().size() != 1 + pools + pools * workers_in_a_pool) throw std::runtime_error{"somebody is lost"};
  }
  return coppice::monotonic_time() == 1h ? 0 : 1;
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
  coppice::runtime_options options;
  options.observer = journal.get();
  const coppice::simulation sim{seed, options};

  const auto begin = std::chrono::steady_clock::now();
  int status = 1;  // main may also end with the root
  sim.run([&] { status = hour(spec, workers, journal); });
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  fmt::print("seed {}: {} starts, {} ends, trace {:016x}, in {:.2f} s\n", seed,
             events[coppice::tree_event::kind::started], events[coppice::tree_event::kind::exited], trace.sum(),
             took.count());
  return status;
}
