#include "simulation/random_plan.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::simulation_tests {

namespace {

using namespace std::chrono_literals;

template <class Range>
auto& one_of(Range& range, dice& by) {
  return range[static_cast<std::size_t>(by.below(std::size(range)))];
}

std::chrono::milliseconds time_between(std::chrono::milliseconds least, std::chrono::milliseconds most, dice& by) {
  return least + std::chrono::milliseconds{by.below(static_cast<std::uint64_t>((most - least).count()) + 1)};
}

void collect(const supervisor_spec& supervisor, const std::string& path, std::vector<std::string>& paths,
             std::vector<std::string>& calculators) {
  paths.push_back(path);
  for (const auto& child : supervisor.children) {
    if (const auto* below = child.if_supervisor()) {
      collect(*below, path + "/" + below->id, paths, calculators);
      continue;
    }
    const worker_spec& worker = *child.if_worker();
    for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
      paths.push_back(path + "/" + worker.replica_id(number));
      if (worker.start == "calc") calculators.push_back(paths.back());
    }
  }
}

chaos_harm random_harm(dice& by) {
  static constexpr std::array<const char*, 5> reasons = {"boom", "shutdown", "normal", "killed", "{shutdown,chaos}"};
  switch (by.below(11)) {
    case 0:
    case 1:
    case 2: return harm::kill{};
    case 3: return harm::crash{one_of(reasons, by)};
    case 4: return harm::exit_signal{one_of(reasons, by)};
    case 5: return harm::throw_exception{"chaos"};
    case 6: return harm::fail_starts{1 + by.below(4)};
    case 7: return by.below(2) == 0 ? harm::hang{std::nullopt} : harm::hang{time_between(1ms, 8000ms, by)};
    case 8: return harm::slow{time_between(1ms, 200ms, by), time_between(10ms, 5000ms, by)};
    case 9: return harm::delay{time_between(1ms, 200ms, by), time_between(10ms, 5000ms, by)};
    default: return harm::bad_alloc{1 + by.below(5)};
  }
}

chaos_victims random_victims(const std::vector<std::string>& paths, dice& by) {
  chaos_victims who;
  switch (by.below(5)) {
    case 0: who.paths = {"**"}; break;
    case 1:
      who.paths = {"**"};
      who.of = chaos_victims::kind::worker;
      break;
    case 2: who.paths = {one_of(paths, by) + "/*"}; break;
    case 3: who.paths = {one_of(paths, by) + "/**"}; break;
    default: who.paths = {one_of(paths, by), one_of(paths, by)};
  }
  // A root that is killed ends it all: seldom, so that there is something to see.
  if (by.below(20) != 0) who.except = {paths.front()};
  return who;
}

chaos_fault random_fault(const std::vector<std::string>& paths, dice& by) {
  chaos_fault made;
  made.victims = random_victims(paths, by);
  if (by.below(4) == 0) {
    made.share = static_cast<double>(1 + by.below(100));
  } else {
    made.count = static_cast<std::uint32_t>(1 + by.below(3));
  }
  for (std::uint64_t left = 1 + by.below(3); left > 0; --left) made.how.push_back(random_harm(by));
  static constexpr std::array<double, 6> rates = {0.2, 0.5, 1, 3, 10, 50};
  made.per_second = one_of(rates, by);
  static constexpr std::array<chaos_fault::distribution, 3> spreads = {
      chaos_fault::distribution::regular, chaos_fault::distribution::poisson, chaos_fault::distribution::once};
  made.spread = one_of(spreads, by);
  return made;
}

}  // namespace

chaos_plan random_plan(const supervisor_spec& root, dice& by) {
  std::vector<std::string> paths;
  std::vector<std::string> calculators;
  collect(root, root.id, paths, calculators);
  chaos_plan made;
  for (std::uint64_t left = 1 + by.below(3); left > 0; --left) {
    chaos_phase phase;
    phase.name = "phase " + std::to_string(left);
    phase.duration = time_between(100ms, 20'000ms, by);
    for (std::uint64_t faults = by.below(4); faults > 0; --faults) phase.faults.push_back(random_fault(paths, by));
    made.phases.push_back(std::move(phase));
  }
  if (calculators.empty()) return made;
  for (std::uint64_t left = by.below(3); left > 0; --left) {
    chaos_load load;
    load.to.paths = {one_of(calculators, by)};
    load.is_call = by.below(2) == 0;
    load.message = std::make_shared<const nlohmann::json>(
        load.is_call ? nlohmann::json{{"view", nullptr}} : nlohmann::json{{"div", static_cast<double>(by.below(20))}});
    load.per_second = static_cast<double>(1 + by.below(20));
    load.timeout = time_between(1ms, 5000ms, by);
    made.load.push_back(std::move(load));
  }
  return made;
}

}  // namespace coppice::simulation_tests
