// Calls, casts, balls and tokens.

#include <memory>
#include <vector>

#include "actors.hpp"

namespace bench {

namespace {

using caf::actor;
using caf::behavior;
using caf::event_based_actor;
using caf::scoped_actor;

constexpr std::uint64_t between_waits = 1'000;

/// Calls the server, one call after the other, as often as it is told.
class client : public event_based_actor {
 public:
  client(caf::actor_config& config, actor server) : event_based_actor{config}, server_{std::move(server)} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t calls, const actor& boss) {
      left_ = calls;
      sum_ = 0;
      boss_ = boss;
      ask();
    }};
  }
  void ask() {
    request(server_, std::chrono::seconds{5}, view_atom::value).then([this](double value) {
      sum_ += value;
      if (--left_ > 0)
        ask();
      else
        send(boss_, done_atom::value, sum_);
    });
  }

 private:
  actor server_;
  actor boss_;
  std::uint64_t left_ = 0;
  double sum_ = 0;
};

/// Casts to the server as often as it is told, and says so when the server has come to the last.
class sender : public event_based_actor {
 public:
  sender(caf::actor_config& config, actor server) : event_based_actor{config}, server_{std::move(server)} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t casts, const actor& boss) {
      for (std::uint64_t i = 0; i < casts; ++i) send(server_, add_atom::value, 1.0);
      request(server_, std::chrono::seconds{5}, view_atom::value).then([this, boss](double value) {
        send(boss, done_atom::value, value);
      });
    }};
  }

 private:
  actor server_;
};

/// A place in a ring, or one of two players.
class node : public event_based_actor {
 public:
  node(caf::actor_config& config, actor boss, double place)
      : event_based_actor{config}, boss_{std::move(boss)}, place_{place} {}

 protected:
  behavior make_behavior() override {
    return {[this](ball_atom, std::uint64_t left) {
              if (left == 0)
                send(boss_, done_atom::value, place_);
              else
                send(next_, ball_atom::value, left - 1);
            },
            [this](meet_atom, const actor& next) { next_ = next; }};
  }

 private:
  actor boss_;
  actor next_;
  double place_;
};

std::vector<actor> make_ring(scoped_actor& boss, std::uint64_t size) {
  std::vector<actor> nodes;
  for (std::uint64_t i = 0; i < size; ++i) {
    nodes.push_back(actors().spawn<node>(actor{boss}, static_cast<double>(i)));
    if (i > 0) caf::anon_send(nodes[i - 1], meet_atom::value, nodes[i]);
  }
  caf::anon_send(nodes.back(), meet_atom::value, nodes.front());
  return nodes;
}

void kill_all(const std::vector<actor>& all) {
  for (const auto& each : all) kill(each);
}

void hundred_clients_and(occasion& now, std::uint64_t pairs_of) {
  scoped_actor boss{actors()};
  std::vector<actor> servers;
  std::vector<actor> clients;
  for (std::uint64_t i = 0; i < pairs_of; ++i) {
    servers.push_back(actors().spawn<calc>(1.0));
    clients.push_back(actors().spawn<client>(servers.back()));
  }
  now.measure(pairs_of == 1 ? 1'000 : pairs_of * now.pick(10, 100, 100), [&](std::uint64_t calls) {
    double sum = 0;
    for (const auto& each : clients) boss->send(each, work_atom::value, calls / pairs_of, actor{boss});
    for (std::uint64_t i = 0; i < pairs_of; ++i) boss->receive([&sum](done_atom, double of_one) { sum += of_one; });
    expect(sum == static_cast<double>(calls), "each call was answered with 1");
  });
  kill_all(clients);
  kill_all(servers);
}

void senders(occasion& now, std::uint64_t count) {
  scoped_actor boss{actors()};
  const actor server = actors().spawn<calc>(0.0);
  std::vector<actor> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(actors().spawn<sender>(server));
  double sent = 0;
  now.measure(count * between_waits, [&](std::uint64_t casts) {
    double most = 0;
    for (const auto& each : all) boss->send(each, work_atom::value, casts / count, actor{boss});
    for (std::uint64_t i = 0; i < count; ++i) {
      boss->receive([&most](done_atom, double seen) { most = std::max(most, seen); });
    }
    sent += static_cast<double>(casts);
    expect(most == sent, "every cast was added");
  });
  kill_all(all);
  kill(server);
}

void ring(occasion& now, std::uint64_t size) {
  scoped_actor boss{actors()};
  const auto nodes = make_ring(boss, size);
  now.measure(now.pick<std::uint64_t>(size + 1, 50'001, 200'001), [&](std::uint64_t hops) {
    boss->send(nodes.front(), ball_atom::value, hops);
    boss->receive([&](done_atom, double place) {
      expect(place == static_cast<double>(hops % size), "the token has made each hop");
    });
  });
  kill_all(nodes);
}

}  // namespace

void call(occasion& now) {
  hundred_clients_and(now, 1);
}
void call_100(occasion& now) {
  hundred_clients_and(now, 100);
}
void cast(occasion& now) {
  senders(now, 1);
}
void cast_4(occasion& now) {
  senders(now, 4);
}

/// From this thread, which is none of the system's, into it.
void cast_across(occasion& now) {
  constexpr unsigned most_marks = 16;
  scoped_actor boss{actors()};
  const actor server = actors().spawn<calc>(0.0);
  double sent = 0;
  now.measure(now.pick(10'000, 100'000, 100'000), [&](std::uint64_t casts) {
    unsigned marks = 0;
    const auto take_mark = [&] {
      boss->receive([](done_atom) {});
      --marks;
    };
    for (std::uint64_t i = 1; i <= casts; ++i) {
      boss->send(server, add_atom::value, 1.0);
      if (i % between_waits != 0) continue;
      boss->send(server, mark_atom::value);
      if (++marks == most_marks) {
        while (marks > most_marks / 2) take_mark();
      }
    }
    while (marks > 0) take_mark();
    sent += static_cast<double>(casts);
    boss->request(server, caf::infinite, view_atom::value)
        .receive([&](double value) { expect(value == sent, "every cast was added"); },
                 [](const caf::error&) { expect(false, "the server answers"); });
  });
  kill(server);
}

void ping_pong(occasion& now) {
  scoped_actor boss{actors()};
  const auto players = make_ring(boss, 2);
  now.measure(now.pick(100, 10'000, 10'000), [&](std::uint64_t round_trips) {
    boss->send(players.front(), ball_atom::value, 2 * round_trips);
    boss->receive([](done_atom, double by) { expect(by == 0, "the ball comes home"); });
  });
  kill_all(players);
}

void ring_503(occasion& now) {
  ring(now, 503);
}
void ring_10000(occasion& now) {
  ring(now, 10'000);
}

void pairs(occasion& now) {
  const auto count = now.pick<std::uint64_t>(10, 1'000, 1'000);
  const auto rounds = now.pick<std::uint64_t>(10, 200, 500);
  scoped_actor boss{actors()};
  std::vector<std::vector<actor>> all;
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(make_ring(boss, 2));
  now.measure(count * rounds, [&](std::uint64_t) {
    for (const auto& each : all) boss->send(each.front(), ball_atom::value, 2 * rounds);
    for (std::uint64_t i = 0; i < count; ++i) {
      boss->receive([](done_atom, double by) { expect(by == 0, "the ball comes home"); });
    }
  });
  for (const auto& each : all) kill_all(each);
}

namespace {

/// Takes the message it wants out from behind others, by looking at each.
class picker : public event_based_actor {
 public:
  using event_based_actor::event_based_actor;

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t receives, const actor& boss) {
              left_ = receives;
              boss_ = boss;
              send(this, item_atom::value, left_);
            },
            [this](item_atom, std::uint64_t number) -> caf::result<void> {
              if (number == 0 || number != left_) return caf::skip();
              if (--left_ > 0)
                send(this, item_atom::value, left_);
              else
                send(boss_, done_atom::value, 0.0);
              return caf::unit;
            }};
  }

 private:
  actor boss_;
  std::uint64_t left_ = 0;
};

/// A client in whose mailbox others wait.
class laden_client : public client {
 public:
  using client::client;

 protected:
  behavior make_behavior() override {
    set_default_handler(caf::skip);
    return client::make_behavior();
  }
};

void behind_others(occasion& now, const actor& worker, std::uint64_t batch, bool counts) {
  scoped_actor boss{actors()};
  const auto others = now.pick(100, 10'000, 10'000);
  for (int i = 0; i < others; ++i) boss->send(worker, item_atom::value, std::uint64_t{0});
  now.measure(batch, [&](std::uint64_t operations) {
    const double sum = have_done(boss, worker, operations);
    if (counts) expect(sum == static_cast<double>(operations), "each call was answered with 1");
  });
  kill(worker);
}

}  // namespace

void selective_guard(occasion& now) {
  behind_others(now, actors().spawn<picker>(), 10, false);
}

void selective_reference(occasion& now) {
  const actor server = actors().spawn<calc>(1.0);
  behind_others(now, actors().spawn<laden_client>(server), now.pick(10, 100, 100), true);
  kill(server);
}

}  // namespace bench
