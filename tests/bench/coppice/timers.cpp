// A million timers that are hours away: started, what they take, and cancelled in another order. Per timer.

#include <algorithm>
#include <vector>

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using namespace std::chrono_literals;

namespace {

struct tick {};

void timers(bench::occasion& now) {
  const auto count = now.count_or(now.pick<std::uint64_t>(1'000, 100'000, 1'000'000));
  std::uniform_int_distribution<std::int64_t> milliseconds{3'600'000, 7'200'000};
  std::vector<std::chrono::milliseconds> times(count);
  for (auto& each : times) each = std::chrono::milliseconds{milliseconds(now.random())};
  std::vector<coppice::timer_reference> all(count, coppice::timer_reference{1, 1, 1ns});

  const auto before = bench::resident_bytes();
  auto began = bench::clock::now();
  for (std::uint64_t i = 0; i < count; ++i) all[i] = coppice::send_after(times[i], coppice::self(), tick{});
  now.report(bench::nanoseconds(bench::clock::now() - began) / static_cast<double>(count), "ns", "start");
  now.report((bench::resident_bytes() - before) / static_cast<double>(count), "bytes", "bytes");

  std::shuffle(all.begin(), all.end(), now.random());
  std::uint64_t pending = 0;
  began = bench::clock::now();
  for (const auto each : all) {
    const auto left = coppice::cancel_timer(each);
    if (left && *left > 50min) ++pending;
  }
  now.report(bench::nanoseconds(bench::clock::now() - began) / static_cast<double>(count), "ns", "cancel");
  expect(pending == count, "each timer was pending until it was cancelled");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"timer", timers}});
}
