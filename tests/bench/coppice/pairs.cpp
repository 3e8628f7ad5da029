// A thousand pairs of servers play ping-pong at the same time. Per round trip of any pair.

#include <vector>

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using coppice::pid;

namespace {

struct ball {
  std::uint64_t hits_left;
};
struct dropped {};
struct meet {
  using reply = bool;
  pid partner;
};

class player : public coppice::server<player, meet, ball> {
 public:
  explicit player(pid referee) : referee_{referee} {}
  bool handle(meet other) {
    partner_ = other.partner;
    return true;
  }
  void handle(ball hit) const {
    if (hit.hits_left == 0) {
      coppice::send(referee_, dropped{});
    } else {
      coppice::send(partner_, ball{hit.hits_left - 1});
    }
  }

 private:
  pid referee_;
  pid partner_;
};

void pairs(bench::occasion& now) {
  const auto count = now.pick<std::uint64_t>(10, 1'000, 1'000);
  std::vector<pid> first;
  for (std::uint64_t i = 0; i < count; ++i) {
    const pid one = coppice::start_link<player>(coppice::self()).process();
    const pid other = coppice::start_link<player>(coppice::self()).process();
    coppice::call(one, meet{other});
    coppice::call(other, meet{one});
    first.push_back(one);
  }
  const auto rounds = now.pick<std::uint64_t>(10, 200, 500);
  now.measure(count * rounds, [&](std::uint64_t round_trips) {
    expect(round_trips == count * rounds, "it is asked for what it can do");
    for (const pid one : first) coppice::send(one, ball{2 * rounds});
    for (std::uint64_t i = 0; i < count; ++i) coppice::receive([](dropped) {});
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"pairs", pairs}});
}
