// Monitor, kill, DOWN: of a server at rest, which has no stack, and of a process, whose stack is unwound.

#include <vector>

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;
using coppice::pid;

namespace {

void kill_each(bench::occasion& now, pid (*start)()) {
  now.measure_parts(now.pick(10, 1'000, 1'000), [start](std::uint64_t kills) {
    std::vector<pid> victims;
    for (std::uint64_t i = 0; i < kills; ++i) victims.push_back(start());
    const auto began = bench::clock::now();
    for (const pid victim : victims) {
      const auto watched = coppice::monitor(victim);
      coppice::exit(victim, coppice::exit_reason::kill());
      coppice::receive([&](const coppice::down& end) {
        expect(end.ref == watched && end.reason == coppice::exit_reason::killed(), "it was killed");
      });
    }
    return bench::clock::now() - began;
  });
}

struct ready {};

void server(bench::occasion& now) {
  kill_each(now, [] { return coppice::start<calc>(0.0).process(); });
}

void process(bench::occasion& now) {
  kill_each(now, [] {
    const pid started = coppice::spawn([boss = coppice::self()] {
      coppice::send(boss, ready{});
      coppice::receive([](ready) {});
    });
    coppice::receive([](ready) {});
    return started;
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"kill_server", server}, {"kill_process", process}});
}
