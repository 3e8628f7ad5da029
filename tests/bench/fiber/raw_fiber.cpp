// What Boost.Fiber alone takes for the same: fibers that suspend and schedule each other, with a plain queue as mailbox
// where there is something to send. No processes, no exit reasons, nothing that could fail. On one thread, but for
// `pairs`; and `loop`, which measures what a second thread is worth on this machine.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include <boost/fiber/all.hpp>

#include "../driver/occasion.hpp"

namespace fibers = boost::fibers;
using bench::expect;

namespace {

/// A queue with one reader, who is suspended while it is empty. All on one thread.
template <class T>
class mailbox {
 public:
  void send(T message) {
    queue_.push_back(message);
    if (reader_ == nullptr) return;
    fibers::context* const woken = std::exchange(reader_, nullptr);
    fibers::context::active()->schedule(woken);
  }

  T receive() {
    while (next_ == queue_.size()) {
      queue_.clear();
      next_ = 0;
      reader_ = fibers::context::active();
      reader_->suspend();
    }
    return queue_[next_++];
  }

 private:
  std::vector<T> queue_;
  std::size_t next_ = 0;
  fibers::context* reader_ = nullptr;
};

template <class Function>
fibers::fiber launch(Function&& function) {
  return fibers::fiber{fibers::launch::post, std::allocator_arg, fibers::fixedsize_stack{16'384},
                       std::forward<Function>(function)};
}

constexpr std::uint64_t quit = ~std::uint64_t{0};

struct server {
  mailbox<std::uint64_t> inbox;  // 0: asks for the value; `quit`: ends it; anything else is added
  mailbox<std::uint64_t> outbox;
  std::uint64_t value = 0;
  fibers::fiber body = launch([this] {
    for (;;) {
      const auto message = inbox.receive();
      if (message == quit) return;
      if (message == 0)
        outbox.send(value);
      else
        value += message;
    }
  });

  std::uint64_t view() {
    inbox.send(0);
    return outbox.receive();
  }
  void stop() {
    inbox.send(quit);
    body.join();
  }
};

void call(bench::occasion& now) {
  server calc;
  calc.inbox.send(1);
  now.measure(1'000, [&](std::uint64_t calls) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < calls; ++i) sum += calc.view();
    expect(sum == calls, "each call was answered with 1");
  });
  calc.stop();
}

void call_100(bench::occasion& now) {
  constexpr std::uint64_t pairs = 100;
  std::vector<std::unique_ptr<server>> servers;
  std::vector<std::unique_ptr<mailbox<std::uint64_t>>> work;
  std::vector<fibers::fiber> clients;
  mailbox<std::uint64_t> done;
  for (std::uint64_t i = 0; i < pairs; ++i) {
    auto& calc = *servers.emplace_back(std::make_unique<server>());
    auto& asked = *work.emplace_back(std::make_unique<mailbox<std::uint64_t>>());
    calc.inbox.send(1);
    clients.push_back(launch([&calc, &asked, &done] {
      for (;;) {
        const auto calls = asked.receive();
        if (calls == quit) return;
        std::uint64_t sum = 0;
        for (std::uint64_t call = 0; call < calls; ++call) sum += calc.view();
        done.send(sum);
      }
    }));
  }
  now.measure(pairs * now.pick(10, 100, 100), [&](std::uint64_t calls) {
    std::uint64_t sum = 0;
    for (auto& each : work) each->send(calls / pairs);
    for (std::uint64_t i = 0; i < pairs; ++i) sum += done.receive();
    expect(sum == calls, "each call was answered with 1");
  });
  for (auto& each : work) each->send(quit);
  for (auto& each : clients) each.join();
  for (auto& each : servers) each->stop();
}

void cast(bench::occasion& now) {
  server calc;
  std::uint64_t sent = 0;
  now.measure(1'000, [&](std::uint64_t casts) {
    for (std::uint64_t i = 0; i < casts; ++i) calc.inbox.send(1);
    sent += casts;
    expect(calc.view() == sent, "every cast was added");
  });
  calc.stop();
}

void cast_4(bench::occasion& now) {
  server calc;
  std::vector<std::unique_ptr<mailbox<std::uint64_t>>> work;
  std::vector<fibers::fiber> senders;
  mailbox<std::uint64_t> done;
  for (int i = 0; i < 4; ++i) {
    auto& asked = *work.emplace_back(std::make_unique<mailbox<std::uint64_t>>());
    senders.push_back(launch([&calc, &asked, &done] {
      for (;;) {
        const auto casts = asked.receive();
        if (casts == quit) return;
        for (std::uint64_t cast = 0; cast < casts; ++cast) calc.inbox.send(1);
        done.send(0);
      }
    }));
  }
  std::uint64_t sent = 0;
  now.measure(4'000, [&](std::uint64_t casts) {
    for (auto& each : work) each->send(casts / 4);
    for (int i = 0; i < 4; ++i) done.receive();
    sent += casts;
    expect(calc.view() == sent, "every cast was added");
  });
  for (auto& each : work) each->send(quit);
  for (auto& each : senders) each.join();
  calc.stop();
}

/// A place in a ring, or one of two players: passes on what it gets, one less; says where it came to 0.
struct node {
  mailbox<std::uint64_t> inbox;
  node* next = nullptr;
  mailbox<std::uint64_t>* boss = nullptr;
  std::uint64_t place = 0;
  fibers::fiber body = launch([this] {
    for (;;) {
      const auto left = inbox.receive();
      if (left == quit) return;
      if (left == 0)
        boss->send(place);
      else
        next->inbox.send(left - 1);
    }
  });
};

std::vector<std::unique_ptr<node>> make_ring(std::uint64_t size, mailbox<std::uint64_t>& boss) {
  std::vector<std::unique_ptr<node>> nodes;
  for (std::uint64_t i = 0; i < size; ++i) {
    nodes.push_back(std::make_unique<node>());
    nodes.back()->boss = &boss;
    nodes.back()->place = i;
    if (i > 0) nodes[i - 1]->next = nodes[i].get();
  }
  nodes.back()->next = nodes.front().get();
  return nodes;
}

void end(std::vector<std::unique_ptr<node>>& nodes) {
  for (auto& each : nodes) each->inbox.send(quit);
  for (auto& each : nodes) each->body.join();
}

void ping_pong(bench::occasion& now) {
  mailbox<std::uint64_t> dropped;
  auto players = make_ring(2, dropped);
  now.measure(now.pick(100, 10'000, 10'000), [&](std::uint64_t round_trips) {
    players.front()->inbox.send(2 * round_trips);
    expect(dropped.receive() == 0, "the ball comes home");
  });
  end(players);
}

void ring(bench::occasion& now, std::uint64_t size) {
  mailbox<std::uint64_t> came_to;
  auto nodes = make_ring(size, came_to);
  now.measure(now.pick<std::uint64_t>(size + 1, 50'001, 200'001), [&](std::uint64_t hops) {
    nodes.front()->inbox.send(hops);
    expect(came_to.receive() == hops % size, "the token has made each hop");
  });
  end(nodes);
}

void spawn_exit(bench::occasion& now) {
  fibers::pooled_fixedsize_stack stacks{16'384};
  now.measure(100, [&](std::uint64_t spawns) {
    std::uint64_t ran = 0;
    for (std::uint64_t i = 0; i < spawns; ++i) {
      fibers::fiber{fibers::launch::post, std::allocator_arg, stacks, [&ran] { ++ran; }}.join();
    }
    expect(ran == spawns, "each fiber has run");
  });
}

std::uint64_t sky(fibers::pooled_fixedsize_stack& stacks, std::uint64_t first, std::uint64_t leaves) {
  if (leaves == 1) return first;
  std::uint64_t sums[10] = {};
  std::vector<fibers::fiber> children;
  for (std::uint64_t i = 0; i < 10; ++i) {
    children.emplace_back(fibers::launch::dispatch, std::allocator_arg, stacks, [&stacks, &sums, first, leaves, i] {
      sums[i] = sky(stacks, first + i * (leaves / 10), leaves / 10);
    });
  }
  std::uint64_t all = 0;
  for (std::uint64_t i = 0; i < 10; ++i) {
    children[i].join();
    all += sums[i];
  }
  return all;
}

void skynet(bench::occasion& now) {
  const auto leaves = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  fibers::pooled_fixedsize_stack stacks{16'384};
  sky(stacks, 0, leaves / 10);
  const auto began = bench::clock::now();
  const auto all = sky(stacks, 0, leaves);
  const auto took = bench::clock::now() - began;
  expect(all == leaves * (leaves - 1) / 2, "the sum is right");
  now.report(bench::nanoseconds(took) / static_cast<double>(leaves));
}

void idle_process(bench::occasion& now) {
  const auto count = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  fibers::mutex gate;
  fibers::condition_variable opened;
  bool open = false;
  std::uint64_t waiting = 0;
  std::vector<fibers::fiber> all(count);
  const auto before = bench::resident_bytes();
  for (auto& each : all) {
    each = launch([&] {
      std::unique_lock hold{gate};
      ++waiting;
      opened.wait(hold, [&open] { return open; });
    });
    boost::this_fiber::yield();
  }
  expect(waiting == count, "all fibers wait");
  now.report((bench::resident_bytes() - before) / static_cast<double>(count), "bytes");
  {
    const std::unique_lock hold{gate};
    open = true;
    opened.notify_all();
  }
  for (auto& each : all) each.join();
}

/// A fiber has no kill: it is told to go, and joined.
void kill_process(bench::occasion& now) {
  now.measure_parts(now.pick(10, 1'000, 1'000), [](std::uint64_t kills) {
    std::vector<std::unique_ptr<server>> victims;
    for (std::uint64_t i = 0; i < kills; ++i) victims.push_back(std::make_unique<server>());
    boost::this_fiber::yield();
    const auto began = bench::clock::now();
    for (auto& each : victims) each->stop();
    return bench::clock::now() - began;
  });
}

void selective_guard(bench::occasion& now) {
  std::vector<std::uint64_t> queue(now.pick<std::size_t>(100, 10'000, 10'000));
  now.measure(10, [&](std::uint64_t receives) {
    for (std::uint64_t i = 1; i <= receives; ++i) {
      queue.push_back(i);
      const auto found = std::find(queue.begin(), queue.end(), i);
      expect(found != queue.end() && *found == i, "the right one is found");
      queue.erase(found);
    }
  });
}

void timer_lateness(bench::occasion& now) {
  const auto count = now.pick<std::size_t>(100, 10'000, 10'000);
  std::uniform_int_distribution<std::int64_t> any{1'000'000,
                                                  now.pick<std::int64_t>(5'000'000, 500'000'000, 1'000'000'000)};
  std::vector<double> late;
  std::vector<fibers::fiber> sleepers;
  for (std::size_t i = 0; i < count; ++i) {
    sleepers.push_back(launch([&late, deadline = bench::clock::now() + std::chrono::nanoseconds{any(now.random())}] {
      boost::this_fiber::sleep_until(deadline);
      late.push_back(bench::nanoseconds(bench::clock::now() - deadline));
    }));
  }
  for (auto& each : sleepers) each.join();
  expect(late.size() == count, "each timer has come");
  now.report(bench::quantile(late, 0.5));
  now.report(bench::quantile(late, 0.99), "ns", "p99");
}

void idle_cpu(bench::occasion& now) {
  using namespace std::chrono_literals;
  const auto count = now.pick<std::size_t>(100, 100'000, 100'000);
  std::vector<std::unique_ptr<server>> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::make_unique<server>());
  boost::this_fiber::sleep_for(now.pick(1ms, 100ms, 200ms));
  const auto time = now.pick<std::chrono::milliseconds>(10ms, 5s, 5s);
  boost::fibers::promise<std::chrono::nanoseconds> found;
  std::thread looks{[time, &found] { found.set_value(bench::cpu_time_of_others(time)); }};
  const auto used = found.get_future().get();
  looks.join();
  expect(all.back()->view() == 0, "they are still there");
  now.report(static_cast<double>(used.count()) * (5'000.0 / static_cast<double>(time.count())));
  for (auto& each : all) each->stop();
}

/// So many pairs on each of the threads, which have nothing to do with each other.
void pairs(bench::occasion& now) {
  const auto count = now.pick<std::uint64_t>(10, 1'000, 1'000);
  const auto rounds = now.pick<std::uint64_t>(10, 200, 500);
  const auto play = [rounds](std::uint64_t mine) {
    mailbox<std::uint64_t> dropped;
    std::vector<std::vector<std::unique_ptr<node>>> all;
    for (std::uint64_t i = 0; i < mine; ++i) all.push_back(make_ring(2, dropped));
    for (auto& each : all) each.front()->inbox.send(2 * rounds);
    for (std::uint64_t i = 0; i < mine; ++i) expect(dropped.receive() == 0, "the ball comes home");
    for (auto& each : all) end(each);
  };
  now.measure(count * rounds, [&](std::uint64_t) {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < now.threads(); ++i) threads.emplace_back(play, count / now.threads());
    play(count / now.threads());
    for (auto& each : threads) each.join();
  });
}

/// Work that shares nothing: what it gains by a second thread is what this machine gives.
void loop(bench::occasion& now) {
  const auto turns = now.pick<std::uint64_t>(1'000, 20'000'000, 50'000'000);
  const auto spin = [](std::uint64_t mine) {
    std::uint64_t state = mine;
    for (std::uint64_t i = 0; i < mine; ++i) state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    expect(state != 0, "the loop is not left out");
  };
  now.measure(turns, [&](std::uint64_t) {
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < now.threads(); ++i) threads.emplace_back(spin, turns / now.threads());
    spin(turns / now.threads());
    for (auto& each : threads) each.join();
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::run_program(count, arguments, "boost_fiber",
                            {{"call", call},
                             {"call_100", call_100},
                             {"cast", cast},
                             {"cast_4", cast_4},
                             {"ping_pong_servers", ping_pong},
                             {"ping_pong_processes", ping_pong},
                             {"ring_503", [](bench::occasion& now) { ring(now, 503); }},
                             {"ring_10000", [](bench::occasion& now) { ring(now, 10'000); }},
                             {"spawn_exit", spawn_exit},
                             {"skynet", skynet},
                             {"idle_process", idle_process},
                             {"kill_process", kill_process},
                             {"selective_guard", selective_guard},
                             {"timer_lateness", timer_lateness},
                             {"idle_cpu", idle_cpu},
                             {"pairs", pairs},
                             {"loop", loop}},
                            [](const bench::settings&, const std::function<void()>& run) { run(); });
}
