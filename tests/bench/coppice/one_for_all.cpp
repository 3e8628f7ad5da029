// One of a thousand children of a one_for_all supervisor is killed: all others are ended, and all are started again.
// From the kill until the last one's constructor has run.

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::expect;
using bench::view;
using coppice::pid;

namespace {

struct started {};

/// A calculator that says when it is there, if it is the last.
class reporting_calc : public coppice::server<reporting_calc, view> {
 public:
  explicit reporting_calc(pid boss) {
    if (boss) coppice::send(boss, started{});
  }
  double handle(view) const { return 0; }
};

void restart_all(bench::occasion& now) {
  const auto children = now.pick(10, 1'000, 1'000);
  coppice::supervisor_init init;
  init.flags.strategy = coppice::strategy::one_for_all;
  init.flags.max_restarts = 1'000'000'000;
  std::string first;
  for (int i = 0; i < children; ++i) {
    coppice::child_spec child;
    child.id = "calc_" + std::to_string(i);
    child.start = coppice::starts<reporting_calc>(coppice::start_options{.name = child.id},
                                                  i + 1 == children ? coppice::self() : pid{});
    init.children.push_back(std::move(child));
  }
  const auto root = coppice::start_supervisor(std::move(init));
  expect(static_cast<bool>(root), "the supervisor starts");
  coppice::receive([](started) {});

  now.measure_parts(1, [&](std::uint64_t) {
    const pid victim = coppice::whereis("calc_0");
    const pid middle = coppice::whereis("calc_5");
    const auto began = bench::clock::now();
    coppice::exit(victim, coppice::exit_reason::kill());
    coppice::receive([](started) {});
    const auto took = bench::clock::now() - began;
    expect(coppice::count_children(root.process()).active == static_cast<std::size_t>(children), "all are back");
    expect(coppice::whereis("calc_5") != middle && coppice::call("calc_5", view{}) == 0, "the others are new as well");
    return took;
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"one_for_all", restart_all}});
}
