// A kiosk with a supervision tree in C++, that can be cut down for real, if it is asked to.
//
//     embedded               serves for a second
//     embedded --chaos 42    the same, and its clerks are cut down meanwhile; 42 is the seed
//
// The exit status is 0 if customers were served and, with --chaos, the limits below hold; else 1; 2 for a wrong command
// line.

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_session.hpp>
#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/chaos_verdict.hpp>
#include <coppice/chaos/limits_check.hpp>
#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

namespace {

using namespace std::chrono_literals;

constexpr auto open_for = 1s;
constexpr int clerks = 4;

struct buy {
  using reply = int;
  int sheets = 0;
};

/// Sells paper, and says what it costs.
class clerk : public coppice::server<clerk, buy> {
 public:
  int handle(buy what) { return what.sheets * 2; }
};

std::string clerk_name(int number) {
  return "clerk_" + std::to_string(number);
}

// kiosk -> counter (a supervisor) -> clerk-1 to clerk-4
coppice::supervisor_init kiosk(std::shared_ptr<coppice::supervision_observer> observer) {
  coppice::child_spec counter;
  counter.id = "counter";
  counter.type = coppice::child_type::supervisor;
  counter.start = [] {
    coppice::supervisor_init below;
    below.path = "kiosk/counter";
    below.flags.max_restarts = 100;
    below.flags.max_seconds = 1s;
    for (int number = 1; number <= clerks; ++number) {
      coppice::child_spec one;
      one.id = "clerk-" + std::to_string(number);
      one.start = coppice::starts<clerk>(coppice::start_options{.name = clerk_name(number)});
      below.children.push_back(std::move(one));
    }
    return coppice::start_supervisor(std::move(below));
  };
  coppice::supervisor_init root;
  root.path = "kiosk";
  root.children.push_back(std::move(counter));
  root.observer = std::move(observer);  // Supervisors below inherit it.
  return root;
}

// Goes from clerk to clerk. One that is being started again is none to wait for.
void shop_around(std::atomic<int>& served) {
  for (int number = 1;; number = number % clerks + 1) {
    try {
      const std::string name = clerk_name(number);
      if (coppice::call(name.c_str(), buy{3}, 100ms) == 6) ++served;
    } catch (const coppice::exit_exception&) {
      // It was cut down with our order in its hands; the next one will do.
    }
    coppice::sleep(1ms);
  }
}

coppice::chaos_plan storm() {
  coppice::chaos_fault cuts;
  cuts.victims = {{"kiosk/counter/*"}, {}, coppice::chaos_victims::kind::worker};
  cuts.how = {coppice::harm::kill{}, coppice::harm::throw_exception{"out of paper"}};
  cuts.per_second = 50;
  coppice::chaos_fault hangs;
  hangs.victims = cuts.victims;
  hangs.how = {coppice::harm::hang{20ms}};
  hangs.per_second = 5;
  coppice::chaos_plan plan;
  plan.phases.push_back({"storm", open_for, {cuts, hangs}});
  plan.limits.give_ups = 0;
  plan.limits.recovery_max_ms = 2000;
  return plan;
}

// The process that is the tree's parent. Without a session nothing is ever asked or told.
void serve(coppice::chaos_session* chaos, std::atomic<int>& served) {
  coppice::process_flag(coppice::trap_exit, true);
  if (chaos != nullptr) chaos->begin("kiosk");
  const coppice::start_result root = coppice::start_supervisor(kiosk(chaos != nullptr ? chaos->observer() : nullptr));
  if (!root) coppice::exit(root.error());
  if (chaos != nullptr) chaos->root_started(root.process());

  const coppice::pid customer = coppice::spawn([&served] { shop_around(served); });
  if (chaos != nullptr) {
    chaos->run();  // As long as the plan lasts.
    chaos->settle();
    chaos->end();
  } else {
    coppice::sleep(open_for);
  }
  coppice::exit(customer, coppice::exit_reason::kill());
}

std::optional<std::uint64_t> seed_of(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

}  // namespace

int main(int count, char** arguments) {
  std::optional<std::uint64_t> seed;
  if (count == 3 && arguments[1] == std::string_view{"--chaos"}) seed = seed_of(arguments[2]);
  if (count != 1 && !seed) {
    std::cerr << "usage: embedded [--chaos SEED]; a seed is a whole number below 2^64\n";
    return 2;
  }
  coppice::set_log_handler([](const coppice::log_record&) {});  // Each cut would be reported.

  coppice::runtime_options options;
  const coppice::chaos_plan plan = storm();
  std::optional<coppice::chaos_session> chaos;
  if (seed) {
    chaos.emplace(plan, *seed);
    chaos->attach(options);
  }
  std::atomic<int> served{0};
  const int status = coppice::run([&] { serve(chaos ? &*chaos : nullptr, served); }, options);
  bool is_well = status == 0 && served.load() > 0;

  if (chaos) {
    const coppice::chaos_figures figures = coppice::compute_figures(chaos->record());
    const coppice::chaos_verdict verdict{coppice::check_limits(plan.limits, chaos->record(), figures), {}, {}};
    std::cout << coppice::chaos_table(chaos->record(), figures, verdict) << '\n';
    is_well = is_well && verdict.passed();
  }
  std::cout << served.load() << " customers were served\n";
  return is_well ? 0 : 1;
}
