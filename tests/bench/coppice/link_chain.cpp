// A chain of servers, each linked to the one before. The first is ended, and with it all others, one after the other.

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using coppice::pid;

namespace {

struct nothing {};

class chained : public coppice::server<chained, nothing> {
 public:
  explicit chained(pid before) {
    if (before) coppice::link(before);
  }
  void handle(nothing) {}
};

void chain(bench::occasion& now) {
  now.measure_parts(now.pick(10, 1'000, 1'000), [](std::uint64_t links) {
    const pid first = coppice::start<chained>(pid{}).process();
    pid last = first;
    for (std::uint64_t i = 0; i < links; ++i) last = coppice::start<chained>(last).process();
    coppice::monitor(last);
    const auto began = bench::clock::now();
    coppice::exit(first, "boom");
    coppice::receive([&](const coppice::down& end) {
      expect(end.process == last && end.reason == coppice::exit_reason{"boom"}, "the reason reaches the last");
    });
    return bench::clock::now() - began;
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"link_chain", chain}});
}
