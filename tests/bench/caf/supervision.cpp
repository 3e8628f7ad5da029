// CAF has no supervisor. This is one written by hand, with monitors: it starts its children, waits until each has
// answered, starts again whoever ends, under the same name, and ends all when it is told to.

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors.hpp"

namespace bench {

namespace {

using caf::actor;
using caf::behavior;
using caf::event_based_actor;
using caf::scoped_actor;

caf::atom_value name_of(std::uint64_t child) {
  return caf::atom_from_string("c" + std::to_string(child));
}

enum class restarts { one_for_one, one_for_all, never };

class supervisor : public event_based_actor {
 public:
  supervisor(caf::actor_config& config, std::uint64_t count, restarts strategy, bool names, actor told)
      : event_based_actor{config}, strategy_{strategy}, names_{names}, told_{std::move(told)} {
    set_down_handler([this](caf::down_msg& end) { child_ended(end); });
    for (std::uint64_t i = 0; i < count; ++i) children_.emplace_back();
  }

 protected:
  behavior make_behavior() override {
    start_all();
    return {[this](stop_atom) { stop(); },
            // start_child and terminate_child, of temporary children without a name.
            [this](start_atom) {
              auto promise = make_response_promise<std::uint64_t>();
              const auto place = children_.size();
              children_.emplace_back();
              start(place);
              request(children_[place], caf::infinite, view_atom::value).then([promise, place](double) mutable {
                promise.deliver(static_cast<std::uint64_t>(place));
              });
              return promise;
            },
            [this](forget_atom, std::uint64_t child) {
              forgotten_ = make_response_promise<done_atom>();
              send_exit(children_[child], caf::exit_reason::user_shutdown);
              return forgotten_;
            }};
  }

 private:
  void start(std::size_t place) {
    actor started = spawn<calc, caf::monitored>(0.0);
    places_.emplace(started.address(), place);
    if (names_) {
      // What has a name keeps it, also when another is put there.
      system().registry().erase(name_of(place));
      system().registry().put(name_of(place), started);
    }
    children_[place] = std::move(started);
  }

  void start_all() {
    unanswered_ = children_.size();
    for (std::size_t i = 0; i < children_.size(); ++i) {
      start(i);
      request(children_[i], caf::infinite, view_atom::value).then([this](double) {
        if (--unanswered_ == 0 && told_) send(told_, done_atom::value, 0.0);
      });
    }
  }

  void stop() {
    stopping_ = true;
    if (places_.empty()) quit(caf::exit_reason::user_shutdown);
    for (auto child = children_.rbegin(); child != children_.rend(); ++child) {
      if (*child) send_exit(*child, caf::exit_reason::user_shutdown);
    }
  }

  void child_ended(const caf::down_msg& end) {
    const auto found = places_.find(end.source);
    expect(found != places_.end(), "only a child ends");
    const auto place = found->second;
    places_.erase(found);
    if (stopping_) {
      if (places_.empty()) quit(caf::exit_reason::user_shutdown);
    } else if (strategy_ == restarts::one_for_one) {
      start(place);
    } else if (strategy_ == restarts::never) {
      children_[place] = nullptr;
      if (place + 1 == children_.size()) children_.pop_back();
      forgotten_.deliver(done_atom::value);
    } else {
      if (!ending_all_) {
        ending_all_ = true;
        for (const auto& [each, at] : places_) send_exit(children_[at], caf::exit_reason::user_shutdown);
      }
      if (!places_.empty()) return;
      ending_all_ = false;
      start_all();
    }
  }

  restarts strategy_;
  bool names_;
  actor told_;
  std::vector<actor> children_;
  std::unordered_map<caf::actor_addr, std::size_t> places_;
  std::size_t unanswered_ = 0;
  bool stopping_ = false;
  bool ending_all_ = false;
  caf::typed_response_promise<done_atom> forgotten_;
};

/// Kills the child of a name, and calls that name until a successor answers.
class client : public event_based_actor {
 public:
  client(caf::actor_config& config, std::vector<std::uint64_t> victims)
      : event_based_actor{config}, victims_{std::move(victims)} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, const actor& boss) {
              boss_ = boss;
              kill_next();
            },
            [this](again_atom) { ask(); }};
  }

 private:
  void kill_next() {
    if (times_.size() == victims_.size()) {
      send(boss_, done_atom::value, times_);
      return;
    }
    name_ = name_of(victims_[times_.size()]);
    victim_ = system().registry().get<actor>(name_);
    send(victim_, add_atom::value, 1.0);  // a predecessor would answer 1
    began_ = clock::now();
    send_exit(victim_, caf::exit_reason::kill);
    ask();
  }

  void ask() {
    request(system().registry().get<actor>(name_), std::chrono::seconds{5}, view_atom::value)
        .then(
            [this](double value) {
              times_.push_back(nanoseconds(clock::now() - began_));
              expect(value == 0 && system().registry().get<actor>(name_) != victim_,
                     "a successor answers, with its own state");
              kill_next();
            },
            [this](const caf::error&) { send(this, again_atom::value); });
  }

  std::vector<std::uint64_t> victims_;
  std::vector<double> times_;
  caf::atom_value name_{};
  actor victim_;
  actor boss_;
  clock::time_point began_;
};

actor start_supervisor(scoped_actor& boss, std::uint64_t count, restarts strategy, bool names) {
  actor started = actors().spawn<supervisor>(count, strategy, names, actor{boss});
  if (count > 0) boss->receive([](done_atom, double) {});
  return started;
}

void stop_supervisor(scoped_actor& boss, const actor& root) {
  boss->send(root, stop_atom::value);
  boss->wait_for(root);
}

void kills(occasion& now, std::uint64_t children, std::uint64_t count) {
  scoped_actor boss{actors()};
  const actor root = start_supervisor(boss, children, restarts::one_for_one, true);
  std::uniform_int_distribution<std::uint64_t> any{0, children - 1};
  std::vector<std::uint64_t> victims(count);
  for (auto& each : victims) each = any(now.random());
  const actor kills_them = actors().spawn<client>(victims);
  boss->send(kills_them, work_atom::value, actor{boss});
  std::vector<double> times;
  boss->receive([&times](done_atom, std::vector<double>& all) { times = std::move(all); });
  now.report(quantile(times, 0.5));
  now.report(quantile(times, 0.99), "ns", "p99");
  kill(kills_them);
  stop_supervisor(boss, root);
  for (std::uint64_t i = 0; i < children; ++i) actors().registry().erase(name_of(i));
}

/// Starts pools, each with its workers, and says when all are there.
class tree_root : public event_based_actor {
 public:
  tree_root(caf::actor_config& config, std::uint64_t pools, std::uint64_t workers, actor boss)
      : event_based_actor{config}, count_{pools}, workers_{workers}, boss_{std::move(boss)} {
    set_down_handler([this](caf::down_msg&) {
      if (--count_ == 0) quit(caf::exit_reason::user_shutdown);
    });
  }

 protected:
  behavior make_behavior() override {
    for (std::uint64_t i = 0; i < count_; ++i) {
      pools_.push_back(spawn<supervisor, caf::monitored>(workers_, restarts::one_for_one, false, actor{this}));
    }
    return {[this](done_atom, double) {
              if (++ready_ == count_) send(boss_, done_atom::value, 0.0);
            },
            [this](stop_atom) {
              for (const auto& each : pools_) send(each, stop_atom::value);
            }};
  }

 private:
  std::uint64_t count_;
  std::uint64_t workers_;
  std::uint64_t ready_ = 0;
  actor boss_;
  std::vector<actor> pools_;
};

/// Asks a supervisor to start children, one after the other, then to end them; says how long either took.
class operator_of : public event_based_actor {
 public:
  operator_of(caf::actor_config& config, actor root, bool starts)
      : event_based_actor{config}, root_{std::move(root)}, starts_{starts} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t operations, const actor& boss) {
      boss_ = boss;
      count_ = operations;
      began_ = clock::now();
      start();
    }};
  }

 private:
  void start() {
    request(root_, caf::infinite, start_atom::value).then([this](std::uint64_t child) {
      started_.push_back(child);
      if (started_.size() < count_) {
        start();
        return;
      }
      between_ = clock::now();
      forget();
    });
  }
  void forget() {
    request(root_, caf::infinite, forget_atom::value, started_.back()).then([this](done_atom) {
      started_.pop_back();
      if (!started_.empty()) {
        forget();
        return;
      }
      send(boss_, done_atom::value, nanoseconds(starts_ ? between_ - began_ : clock::now() - between_));
    });
  }

  actor root_;
  actor boss_;
  bool starts_;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> started_;
  clock::time_point began_;
  clock::time_point between_;
};

void under_many(occasion& now, bool starts) {
  scoped_actor boss{actors()};
  const actor root = start_supervisor(boss, now.pick<std::uint64_t>(100, 100'000, 100'000), restarts::never, false);
  const actor worker = actors().spawn<operator_of>(root, starts);
  now.measure_parts(now.pick(10, 100, 1'000), [&](std::uint64_t operations) {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(have_done(boss, worker, operations))};
  });
  kill(worker);
  stop_supervisor(boss, root);
}

}  // namespace

void kill_300(occasion& now) {
  kills(now, 1, now.pick<std::uint64_t>(10, 300, 300));
}
void kill_10000(occasion& now) {
  kills(now, 1, now.pick<std::uint64_t>(10, 10'000, 10'000));
}
void random_1000_300(occasion& now) {
  kills(now, now.pick<std::uint64_t>(10, 1'000, 1'000), now.pick<std::uint64_t>(10, 300, 300));
}
void random_1000_20000(occasion& now) {
  kills(now, now.pick<std::uint64_t>(10, 1'000, 1'000), now.pick<std::uint64_t>(10, 5'000, 20'000));
}
void random_100000(occasion& now) {
  kills(now, now.pick<std::uint64_t>(10, 100'000, 100'000), now.pick<std::uint64_t>(10, 100, 1'000));
}

void one_for_all(occasion& now) {
  scoped_actor boss{actors()};
  const auto children = now.pick<std::uint64_t>(10, 1'000, 1'000);
  const actor root = start_supervisor(boss, children, restarts::one_for_all, true);
  now.measure_parts(1, [&](std::uint64_t) {
    const auto victim = actors().registry().get<actor>(name_of(0));
    const auto middle = actors().registry().get<actor>(name_of(5));
    const auto began = clock::now();
    kill(victim);
    boss->receive([](done_atom, double) {});
    const auto took = clock::now() - began;
    expect(actors().registry().get<actor>(name_of(5)) != middle, "the others are new as well");
    return took;
  });
  stop_supervisor(boss, root);
  for (std::uint64_t i = 0; i < children; ++i) actors().registry().erase(name_of(i));
}

void tree(occasion& now) {
  const auto pools = now.pick<std::uint64_t>(2, 100, 100);
  const auto workers = now.pick<std::uint64_t>(10, 1'000, 1'000);
  const auto children = static_cast<double>(pools * workers);
  scoped_actor boss{actors()};
  auto began = clock::now();
  const actor root = actors().spawn<tree_root>(pools, workers, actor{boss});
  boss->receive([](done_atom, double) {});
  now.report(nanoseconds(clock::now() - began) / children, "ns", "start");
  began = clock::now();
  stop_supervisor(boss, root);
  now.report(nanoseconds(clock::now() - began) / children, "ns", "stop");
}

void start_child(occasion& now) {
  under_many(now, true);
}
void terminate_child(occasion& now) {
  under_many(now, false);
}

}  // namespace bench
