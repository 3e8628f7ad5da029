// A token goes round a ring of servers. An operation is a hop.

#include <vector>

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using coppice::pid;

namespace {

struct token {
  std::uint64_t hops_left;
};
struct came_to {
  std::uint64_t place;
};
struct follow {
  using reply = bool;
  pid next;
};

class node : public coppice::server<node, follow, token> {
 public:
  node(pid boss, std::uint64_t place) : boss_{boss}, place_{place} {}
  bool handle(follow by) {
    next_ = by.next;
    return true;
  }
  void handle(token it) const {
    if (it.hops_left == 0) {
      coppice::send(boss_, came_to{place_});
    } else {
      coppice::send(next_, token{it.hops_left - 1});
    }
  }

 private:
  pid boss_;
  pid next_;
  std::uint64_t place_;
};

void ring(bench::occasion& now, std::uint64_t size) {
  std::vector<pid> nodes;
  for (std::uint64_t i = 0; i < size; ++i) {
    nodes.push_back(coppice::start_link<node>(coppice::self(), i).process());
    if (i > 0) coppice::call(nodes[i - 1], follow{nodes[i]});
  }
  coppice::call(nodes.back(), follow{nodes.front()});
  now.measure(now.pick<std::uint64_t>(size + 1, 50'001, 200'001), [&](std::uint64_t hops) {
    coppice::send(nodes.front(), token{hops});
    expect(coppice::receive([](came_to it) { return it.place; }) == hops % size, "the token has made each hop");
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"ring_503", [](bench::occasion& now) { ring(now, 503); }},
                                 {"ring_10000", [](bench::occasion& now) { ring(now, 10'000); }}});
}
