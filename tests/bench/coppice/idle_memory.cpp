// Resident bytes of a server, and of a process with its guarded stack, that have nothing to do; and what is left of
// them a second after all are gone. One workload a run of this program, since pages once touched are not fresh again.

#include <vector>

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;
using coppice::pid;
using namespace std::chrono_literals;

namespace {

struct ready {};

pid start_process() {
  const pid started = coppice::spawn([boss = coppice::self()] {
    coppice::send(boss, ready{});
    coppice::receive([](pid asks) { coppice::send(asks, ready{}); });
  });
  coppice::receive([](ready) {});
  return started;
}

void memory_of(bench::occasion& now, pid (*start)(), void (*check)(pid)) {
  const auto count = now.count_or(now.pick<std::uint64_t>(1'000, 100'000, 1'000'000));
  for (int warm_up = 0; warm_up < 100; ++warm_up) coppice::exit(start(), "kill");
  coppice::sleep(10ms);
  const std::size_t others = coppice::process_count();
  std::vector<pid> all(count, pid::from_value(1));
  const auto before = bench::resident_bytes();
  for (auto& each : all) each = start();
  const auto with_all = bench::resident_bytes();
  for (std::uint64_t i = 0; i < count; i += count / 100) check(all[i]);
  now.report((with_all - before) / static_cast<double>(count), "bytes");

  for (const pid each : all) coppice::exit(each, "kill");
  while (coppice::process_count() > others) coppice::sleep(1ms);
  coppice::sleep(now.pick(10ms, 1'000ms, 1'000ms));
  now.report(bench::resident_bytes() / before, "times", "left");
}

void server(bench::occasion& now) {
  memory_of(
      now, [] { return coppice::start<calc>(1.0).process(); },
      [](pid it) { expect(coppice::call(it, bench::view{}) == 1, "an idle server answers"); });
}

void process(bench::occasion& now) {
  memory_of(now, start_process, [](pid it) {
    coppice::send(it, coppice::self());
    coppice::receive([](ready) {});
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"idle_server", server}, {"idle_process", process}});
}
