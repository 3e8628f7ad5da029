// A supervised server is killed; its client calls it by its name until a successor answers. Nobody tells the client:
// where there is no such process it lets others run, and tries again.

#include <string>
#include <string_view>
#include <vector>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::add;
using bench::calc;
using bench::expect;
using bench::view;
using coppice::pid;

namespace {

std::vector<std::string> start_children(std::uint64_t count) {
  coppice::supervisor_init init;
  init.flags.max_restarts = 1'000'000'000;
  init.flags.max_seconds = std::chrono::seconds{5};
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    names.push_back("calc_" + std::to_string(i));
    coppice::child_spec child;
    child.id = names.back();
    child.start = coppice::starts<calc>(coppice::start_options{.name = names.back()}, 0.0);
    init.children.push_back(std::move(child));
  }
  expect(static_cast<bool>(coppice::start_supervisor(std::move(init))), "the supervisor starts");
  return names;
}

double kill_and_call(std::string_view name) {
  // A predecessor would answer 1.
  coppice::cast(name, add{1});
  const pid victim = coppice::whereis(name);
  const auto began = bench::clock::now();
  coppice::exit(victim, coppice::exit_reason::kill());
  for (;;) {
    if (const auto value = coppice::try_call(name, view{})) {
      const auto took = bench::clock::now() - began;
      expect(*value == 0 && coppice::whereis(name) != victim, "a successor answers, with its own state");
      return bench::nanoseconds(took);
    }
    coppice::yield();
  }
}

void kill_many(bench::occasion& now, std::uint64_t children, std::uint64_t kills) {
  const auto names = start_children(children);
  std::uniform_int_distribution<std::size_t> any{0, names.size() - 1};
  std::vector<double> times;
  times.reserve(kills);
  for (std::uint64_t i = 0; i < kills; ++i) times.push_back(kill_and_call(names[any(now.random())]));
  now.report(bench::quantile(times, 0.5));
  now.report(bench::quantile(times, 0.99), "ns", "p99");
}

template <std::uint64_t Children, std::uint64_t Kills, std::uint64_t QuickKills = Kills>
void kills(bench::occasion& now) {
  kill_many(now, now.pick<std::uint64_t>(Children < 10 ? Children : 10, Children, Children),
            now.pick<std::uint64_t>(10, QuickKills, Kills));
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"kill_300", kills<1, 300>},
                                 {"kill_10000", kills<1, 10'000>},
                                 {"random_1000_300", kills<1'000, 300>},
                                 {"random_1000_20000", kills<1'000, 20'000, 5'000>},
                                 {"random_100000", kills<100'000, 1'000, 100>}});
}
