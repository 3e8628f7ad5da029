// Casts to one server: by one sender, by four, and by a thread that is none of the scheduler's. Senders wait for the
// server now and then, as they must: nothing else keeps its queue short.

#include <atomic>
#include <thread>
#include <vector>

#include <coppice/coppice.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::add;
using bench::calc;
using bench::expect;
using bench::view;
using coppice::pid;

namespace {

constexpr std::uint64_t between_waits = 1'000;

struct work {
  std::uint64_t casts;
};
struct done {};
struct quit {};

void one_sender(bench::occasion& now) {
  const pid server = coppice::start_link<calc>(0.0).process();
  double sent = 0;
  now.measure(between_waits, [&](std::uint64_t casts) {
    for (std::uint64_t i = 0; i < casts; ++i) coppice::cast(server, add{1});
    sent += static_cast<double>(casts);
    expect(coppice::call(server, view{}) == sent, "every cast was added");
  });
}

void four_senders(bench::occasion& now) {
  constexpr std::uint64_t senders = 4;
  const pid server = coppice::start_link<calc>(0.0).process();
  std::vector<pid> all;
  for (std::uint64_t i = 0; i < senders; ++i) {
    all.push_back(coppice::spawn_link([server, boss = coppice::self()] {
      for (;;) {
        const auto casts = coppice::receive([](work asked) { return asked.casts; });
        for (std::uint64_t cast = 0; cast < casts; ++cast) coppice::cast(server, add{1});
        coppice::call(server, view{});
        coppice::send(boss, done{});
      }
    }));
  }
  double sent = 0;
  now.measure(senders * between_waits, [&](std::uint64_t casts) {
    for (const pid sender : all) coppice::send(sender, work{casts / senders});
    for (std::uint64_t i = 0; i < senders; ++i) coppice::receive([](done) {});
    sent += static_cast<double>(casts);
    expect(coppice::call(server, view{}) == sent, "every cast was added");
  });
}

// The receiver of the saturated run: answers each mark, by which the sender knows how far it is.
struct mark {
  pid from;
};
struct passed {};

class counter : public coppice::server<counter, view, add, mark> {
 public:
  double handle(view) const { return value_; }
  void handle(add by) { value_ += by.value; }
  void handle(mark at) const { coppice::send(at.from, passed{}); }

 private:
  double value_ = 0;
};

void pour(pid server, std::uint64_t casts) {
  constexpr unsigned most_marks = 16;
  unsigned marks = 0;
  const auto take_mark = [&marks] {
    coppice::receive([](passed) {});
    --marks;
  };
  for (std::uint64_t i = 1; i <= casts; ++i) {
    coppice::cast(server, add{1});
    if (i % between_waits != 0) continue;
    coppice::cast(server, mark{coppice::self()});
    if (++marks == most_marks) {
      while (marks > most_marks / 2) take_mark();
    }
  }
  while (marks > 0) take_mark();
}

void across_threads(bench::occasion& now) {
  const pid server = coppice::start_link<counter>().process();
  std::thread outside{[server, boss = coppice::self()] {
    const coppice::thread_process here;
    coppice::send(boss, coppice::self());
    for (bool goes_on = true; goes_on;) {
      coppice::receive(
          [&](work asked) {
            pour(server, asked.casts);
            coppice::send(boss, done{});
          },
          [&](quit) { goes_on = false; });
    }
    coppice::send(boss, done{});
  }};
  const pid sender = coppice::receive([](pid it) { return it; });
  double sent = 0;
  now.measure(now.pick(10'000, 100'000, 100'000), [&](std::uint64_t casts) {
    coppice::send(sender, work{casts});
    coppice::receive([](done) {});
    sent += static_cast<double>(casts);
    expect(coppice::call(server, view{}) == sent, "every cast was added");
  });
  coppice::send(sender, quit{});
  coppice::receive([](done) {});
  outside.join();
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"cast", one_sender}, {"cast_4", four_senders}, {"cast_across", across_threads}});
}
