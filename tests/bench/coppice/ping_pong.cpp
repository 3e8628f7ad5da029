// A ball between two processes, or between two servers. An operation is a round trip.

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using coppice::pid;

namespace {

struct ball {
  std::uint64_t hits_left;
};
struct dropped {
  pid by;
};
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
      coppice::send(referee_, dropped{coppice::self()});
    } else {
      coppice::send(partner_, ball{hit.hits_left - 1});
    }
  }

 private:
  pid referee_;
  pid partner_;
};

void play(bench::occasion& now, pid first) {
  now.measure(now.pick(100, 10'000, 10'000), [&](std::uint64_t round_trips) {
    coppice::send(first, ball{2 * round_trips});
    expect(coppice::receive([](dropped it) { return it.by; }) == first, "the ball comes home");
  });
}

void servers(bench::occasion& now) {
  const pid first = coppice::start_link<player>(coppice::self()).process();
  const pid second = coppice::start_link<player>(coppice::self()).process();
  coppice::call(first, meet{second});
  coppice::call(second, meet{first});
  play(now, first);
}

pid spawn_player(pid referee) {
  return coppice::spawn_link([referee] {
    const pid partner = coppice::receive([](meet other) { return other.partner; });
    for (;;) {
      const auto left = coppice::receive([](ball hit) { return hit.hits_left; });
      if (left == 0) {
        coppice::send(referee, dropped{coppice::self()});
      } else {
        coppice::send(partner, ball{left - 1});
      }
    }
  });
}

void processes(bench::occasion& now) {
  const pid first = spawn_player(coppice::self());
  const pid second = spawn_player(coppice::self());
  coppice::send(first, meet{second});
  coppice::send(second, meet{first});
  play(now, first);
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"ping_pong_servers", servers}, {"ping_pong_processes", processes}});
}
