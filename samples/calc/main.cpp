// The calculator at work, and under a supervisor: what a division by zero costs.

#include <chrono>
#include <iostream>

#include <coppice/process/exit.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "calc.hpp"
#include "calc_loop.hpp"

using namespace calc_sample;

namespace {

template <class Calculator>
void work_with(coppice::pid calculator) {
  std::cout << "value: " << Calculator::view(calculator) << '\n';
  Calculator::add(calculator, 20);
  Calculator::sub(calculator, 5);
  Calculator::mult(calculator, 10);
  std::cout << "+20, -5, x10: " << Calculator::view(calculator) << '\n';
  Calculator::div(calculator, 2);
  std::cout << "/2: " << Calculator::view(calculator) << '\n';
}

void crash_under_a_supervisor() {
  coppice::supervisor_init init;
  init.children.push_back({.id = "calc", .start = coppice::starts<calc>({.name = "calc"}, args{.initial = 7})});
  const coppice::start_result supervisor = coppice::start_supervisor(std::move(init));

  const coppice::pid first = coppice::whereis("calc");
  calc::add(first, 35);
  std::cout << "supervised, 7 + 35: " << calc::view(first) << " in " << first << '\n';

  const coppice::reference watch = coppice::monitor(first);
  calc::div(first, 0);
  const coppice::exit_reason reason = coppice::receive(coppice::when(
      [&](const coppice::down& end) { return end.ref == watch; }, [](const coppice::down& end) { return end.reason; }));
  std::cout << "/0: " << first << " ended with " << reason << '\n';

  // The supervisor answers when it has dealt with that end.
  const coppice::pid second = coppice::which_children(supervisor.process()).front().process;
  std::cout << "restarted with its initial value: " << calc::view(second) << " in " << second << '\n';
}

}  // namespace

int main() {
  return coppice::run([] {
    std::cout << "the server\n";
    work_with<calc>(calc::start());
    std::cout << "the tutorial's loop\n";
    work_with<calc_loop>(calc_loop::start());
    crash_under_a_supervisor();
  });
}
