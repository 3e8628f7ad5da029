// 100,000 servers that have nothing to do: what processor time they take in five seconds.

#include <thread>
#include <vector>

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;
using namespace std::chrono_literals;

namespace {

struct used {
  std::chrono::nanoseconds time;
};

void idle(bench::occasion& now) {
  const auto count = now.pick<std::size_t>(100, 100'000, 100'000);
  std::vector<coppice::pid> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(coppice::start<calc>(1.0).process());
  coppice::sleep(now.pick(1ms, 100ms, 200ms));
  const auto time = now.pick<std::chrono::milliseconds>(10ms, 5s, 5s);
  std::thread looks{[time, me = coppice::self()] { coppice::send(me, used{bench::cpu_time_of_others(time)}); }};
  std::chrono::nanoseconds taken{};
  coppice::receive([&taken](used now) { taken = now.time; });
  looks.join();
  expect(coppice::call(all.back(), bench::view{}) == 1, "they are still there");
  now.report(static_cast<double>(taken.count()) * (5'000.0 / static_cast<double>(time.count())));
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"idle_cpu", idle}});
}
