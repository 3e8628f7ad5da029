// A process is spawned and ends; a server is started and stopped. One at a time, and the end is waited for.

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;

namespace {

void process(bench::occasion& now) {
  now.measure(100, [&](std::uint64_t spawns) {
    std::uint64_t ran = 0;
    for (std::uint64_t i = 0; i < spawns; ++i) {
      const auto child = coppice::spawn_monitor([&ran] { ++ran; });
      coppice::receive([&](const coppice::down& end) {
        expect(end.ref == child.ref && end.reason == coppice::exit_reason::normal(), "it ended by itself");
      });
    }
    expect(ran == spawns, "each process has run");
  });
}

void server(bench::occasion& now) {
  now.measure(100, [&](std::uint64_t starts) {
    for (std::uint64_t i = 0; i < starts; ++i) {
      const auto started = coppice::start_link<calc>(0.0);
      expect(static_cast<bool>(started), "the server starts");
      coppice::stop_server(started.process());
    }
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"spawn_exit", process}, {"start_stop", server}});
}
