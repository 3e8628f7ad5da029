// 10,000 timers within a second, at random: how much later than asked their messages are there.

#include <vector>

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;

namespace {

struct due {
  std::size_t timer;
};

void lateness(bench::occasion& now) {
  const auto count = now.pick<std::size_t>(100, 10'000, 10'000);
  std::uniform_int_distribution<std::int64_t> any{1'000'000,
                                                  now.pick<std::int64_t>(5'000'000, 500'000'000, 1'000'000'000)};
  std::vector<std::chrono::nanoseconds> deadlines(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::chrono::nanoseconds time{any(now.random())};
    deadlines[i] = coppice::monotonic_time() + time;
    coppice::send_after(time, coppice::self(), due{i});
  }
  std::vector<double> late;
  for (std::size_t i = 0; i < count; ++i) {
    const auto timer = coppice::receive([](due it) { return it.timer; });
    const auto by = coppice::monotonic_time() - deadlines[timer];
    expect(by.count() >= 0, "no timer is early");
    late.push_back(static_cast<double>(by.count()));
  }
  now.report(bench::quantile(late, 0.5));
  now.report(bench::quantile(late, 0.99), "ns", "p99");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"timer_lateness", lateness}});
}
