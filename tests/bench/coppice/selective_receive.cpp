// A message behind 10,000 others that stay where they are: found by a guard, which looks at each; and the answer to a
// call, for which none of them needs to be looked at.

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;

namespace {

struct item {
  std::uint64_t number;
};

void fill_queue(bench::occasion& now) {
  const auto others = now.pick(100, 10'000, 10'000);
  for (int i = 0; i < others; ++i) coppice::send(coppice::self(), item{0});
}

void by_guard(bench::occasion& now) {
  fill_queue(now);
  now.measure(10, [](std::uint64_t receives) {
    for (std::uint64_t i = 1; i <= receives; ++i) {
      coppice::send(coppice::self(), item{i});
      const auto got = coppice::receive(
          coppice::when([i](const item& it) { return it.number == i; }, [](item it) { return it.number; }));
      expect(got == i, "the guard finds the right one");
    }
  });
}

void by_reference(bench::occasion& now) {
  const coppice::pid server = coppice::start_link<calc>(1.0).process();
  fill_queue(now);
  now.measure(100, [server](std::uint64_t calls) {
    double sum = 0;
    for (std::uint64_t i = 0; i < calls; ++i) sum += coppice::call(server, bench::view{});
    expect(sum == static_cast<double>(calls), "each call was answered with 1");
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"selective_guard", by_guard}, {"selective_reference", by_reference}});
}
