// Skynet: a server starts ten, each of those ten, down to a million leaves; each leaf sends its number up, the others
// the sums, and all end.

#include <coppice/coppice.hpp>

#include "program.hpp"

using bench::expect;
using coppice::pid;

namespace {

constexpr std::uint64_t children = 10;

struct grow {};
struct sum {
  std::uint64_t value;
};

class node : public coppice::server<node, grow, sum> {
 public:
  node(pid parent, std::uint64_t first, std::uint64_t leaves) : parent_{parent}, first_{first}, leaves_{leaves} {
    continue_with(grow{});
  }

  void handle(grow) {
    if (leaves_ == 1) {
      finish(first_);
      return;
    }
    const auto each = leaves_ / children;
    for (std::uint64_t i = 0; i < children; ++i) {
      expect(static_cast<bool>(coppice::start<node>(coppice::self(), first_ + i * each, each)), "a node starts");
    }
  }

  void handle(sum of) {
    total_ += of.value;
    if (++answers_ == children) finish(total_);
  }

 private:
  void finish(std::uint64_t value) {
    coppice::send(parent_, sum{value});
    stop();
  }

  pid parent_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  std::uint64_t total_ = 0;
  std::uint64_t answers_ = 0;
};

std::uint64_t sum_of(std::uint64_t leaves) {
  expect(static_cast<bool>(coppice::start<node>(coppice::self(), std::uint64_t{0}, leaves)), "the root starts");
  return coppice::receive([](sum all) { return all.value; });
}

void skynet(bench::occasion& now) {
  const auto leaves = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  sum_of(leaves / children);
  const auto began = bench::clock::now();
  const auto all = sum_of(leaves);
  const auto took = bench::clock::now() - began;
  expect(all == leaves * (leaves - 1) / 2, "the sum is right");
  now.report(bench::nanoseconds(took) / static_cast<double>(leaves));
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"skynet", skynet}});
}
