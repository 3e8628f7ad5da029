// A client process calls a server, and waits for the answer: one of each, or a hundred pairs.

#include <vector>

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;
using bench::view;
using coppice::pid;

namespace {

struct work {
  std::uint64_t calls;
};
struct done {
  double sum;
};

void one_client(bench::occasion& now) {
  const pid server = coppice::start_link<calc>(1.0).process();
  now.measure(1'000, [&](std::uint64_t calls) {
    double sum = 0;
    for (std::uint64_t i = 0; i < calls; ++i) sum += coppice::call(server, view{});
    expect(sum == static_cast<double>(calls), "each call was answered with 1");
  });
}

void hundred_clients(bench::occasion& now) {
  constexpr std::uint64_t pairs = 100;
  std::vector<pid> clients;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    const pid server = coppice::start_link<calc>(1.0).process();
    clients.push_back(coppice::spawn_link([server, boss = coppice::self()] {
      for (;;) {
        const auto calls = coppice::receive([](work asked) { return asked.calls; });
        double sum = 0;
        for (std::uint64_t call = 0; call < calls; ++call) sum += coppice::call(server, view{});
        coppice::send(boss, done{sum});
      }
    }));
  }
  now.measure(pairs * now.pick(10, 100, 100), [&](std::uint64_t calls) {
    double sum = 0;
    for (const pid client : clients) coppice::send(client, work{calls / pairs});
    for (std::uint64_t i = 0; i < pairs; ++i) sum += coppice::receive([](done client) { return client.sum; });
    expect(sum == static_cast<double>(calls), "each call was answered with 1");
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"call", one_client}, {"call_100", hundred_clients}});
}
