// Beginnings, ends, and what is idle in between.

#include <algorithm>
#include <thread>
#include <vector>

#include "actors.hpp"

namespace bench {

namespace {

using caf::actor;
using caf::behavior;
using caf::event_based_actor;
using caf::scoped_actor;

/// Does one thing after the other, each when the one before has ended; then says how long all of them took.
class stepper : public event_based_actor {
 public:
  explicit stepper(caf::actor_config& config) : event_based_actor{config} {
    set_down_handler([this](caf::down_msg& end) {
      ended(end);
      if (--left_ > 0)
        step();
      else
        send(boss_, done_atom::value, nanoseconds(clock::now() - began_));
    });
  }

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t operations, const actor& boss) {
      prepare(operations);
      left_ = operations;
      boss_ = boss;
      began_ = clock::now();
      step();
    }};
  }
  virtual void prepare(std::uint64_t) {}
  virtual void step() = 0;
  virtual void ended(const caf::down_msg& end) = 0;

 private:
  std::uint64_t left_ = 0;
  actor boss_;
  clock::time_point began_;
};

class spawner final : public stepper {
 public:
  using stepper::stepper;

 private:
  void step() override {
    spawn<caf::monitored>([this](event_based_actor*) { ++ran_; });
    ++spawned_;
  }
  void ended(const caf::down_msg& end) override {
    expect(!end.reason && ran_ == spawned_, "it ran, and ended by itself");
  }
  std::uint64_t spawned_ = 0;
  std::uint64_t ran_ = 0;
};

/// The start is acknowledged by an answer, as in gen_server; the stop by its end.
class starter final : public stepper {
 public:
  using stepper::stepper;

 private:
  void step() override {
    started_ = spawn<calc, caf::monitored>(0.0);
    request(started_, std::chrono::seconds{5}, view_atom::value).then([this](double) {
      send_exit(started_, caf::exit_reason::user_shutdown);
    });
  }
  void ended(const caf::down_msg& end) override {
    expect(end.reason == caf::exit_reason::user_shutdown, "it was stopped");
  }
  actor started_;
};

class killer final : public stepper {
 public:
  using stepper::stepper;

 private:
  void prepare(std::uint64_t kills) override {
    victims_.clear();
    for (std::uint64_t i = 0; i < kills; ++i) victims_.push_back(spawn<calc>(0.0));
  }
  void step() override {
    monitor(victims_.back());
    send_exit(victims_.back(), caf::exit_reason::kill);
  }
  void ended(const caf::down_msg& end) override {
    expect(end.reason == caf::exit_reason::kill && end.source == victims_.back(), "it was killed");
    victims_.pop_back();
  }
  std::vector<actor> victims_;
};

class chained : public event_based_actor {
 public:
  chained(caf::actor_config& config, const actor& before) : event_based_actor{config} {
    if (before) link_to(before);
  }

 protected:
  behavior make_behavior() override {
    return {[](view_atom) { return 0.0; }};
  }
};

class sky_node : public event_based_actor {
 public:
  sky_node(caf::actor_config& config, actor parent, std::uint64_t first, std::uint64_t leaves)
      : event_based_actor{config}, parent_{std::move(parent)}, first_{first}, leaves_{leaves} {}

 protected:
  behavior make_behavior() override {
    if (leaves_ == 1) {
      send(parent_, done_atom::value, first_);
      return {};
    }
    const auto each = leaves_ / 10;
    for (std::uint64_t i = 0; i < 10; ++i) spawn<sky_node>(actor{this}, first_ + i * each, each);
    return {[this](done_atom, std::uint64_t value) {
      sum_ += value;
      if (++answers_ < 10) return;
      send(parent_, done_atom::value, sum_);
      quit();
    }};
  }

 private:
  actor parent_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  std::uint64_t sum_ = 0;
  std::uint64_t answers_ = 0;
};

double view_of(scoped_actor& asks, const actor& server) {
  double seen = -1;
  asks->request(server, caf::infinite, view_atom::value)
      .receive([&seen](double value) { seen = value; }, [](const caf::error&) { expect(false, "a server answers"); });
  return seen;
}

/// Waits without a processor; nobody sends it anything.
void rest(scoped_actor& here, std::chrono::milliseconds time) {
  bool over = false;
  here->delayed_send(here, time, again_atom::value);
  here->receive([&over](again_atom) { over = true; });
  expect(over, "the time is over");
}

template <class Stepper>
void measure_steps(occasion& now, std::uint64_t batch) {
  scoped_actor boss{actors()};
  const actor worker = actors().spawn<Stepper>();
  now.measure_parts(batch, [&](std::uint64_t operations) {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(have_done(boss, worker, operations))};
  });
  kill(worker);
}

}  // namespace

void spawn_exit(occasion& now) {
  measure_steps<spawner>(now, 100);
}
void start_stop(occasion& now) {
  measure_steps<starter>(now, 100);
}
void kill_server(occasion& now) {
  measure_steps<killer>(now, now.pick(10, 1'000, 1'000));
}

void skynet(occasion& now) {
  scoped_actor boss{actors()};
  const auto sum_of = [&boss](std::uint64_t leaves) {
    std::uint64_t sum = 0;
    actors().spawn<sky_node>(actor{boss}, std::uint64_t{0}, leaves);
    boss->receive([&sum](done_atom, std::uint64_t value) { sum = value; });
    return sum;
  };
  const auto leaves = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  sum_of(leaves / 10);
  const auto began = clock::now();
  const auto sum = sum_of(leaves);
  const auto took = clock::now() - began;
  expect(sum == leaves * (leaves - 1) / 2, "the sum is right");
  now.report(nanoseconds(took) / static_cast<double>(leaves));
}

void link_chain(occasion& now) {
  scoped_actor boss{actors()};
  now.measure_parts(now.pick(10, 1'000, 1'000), [&](std::uint64_t links) {
    // Whom nobody refers to ends for that reason; a link is no reference.
    std::vector<actor> all{actors().spawn<chained>(actor{})};
    for (std::uint64_t i = 0; i < links; ++i) all.push_back(actors().spawn<chained>(all.back()));
    const actor& first = all.front();
    const actor& last = all.back();
    view_of(boss, last);
    boss->monitor(last);
    const auto began = clock::now();
    caf::anon_send_exit(first, caf::exit_reason::user_shutdown);
    boss->receive([&](const caf::down_msg& end) {
      expect(end.source == last && end.reason == caf::exit_reason::user_shutdown, "the reason reaches the last");
    });
    return clock::now() - began;
  });
}

void idle_server(occasion& now) {
  scoped_actor boss{actors()};
  const auto count = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  for (int warm_up = 0; warm_up < 100; ++warm_up) {
    const actor one = actors().spawn<calc>(1.0);
    view_of(boss, one);
    kill(one);
  }
  const actor nobody = actors().spawn<calc>(1.0);
  std::vector<actor> all(count, nobody);
  const auto before = resident_bytes();
  for (auto& each : all) each = actors().spawn<calc>(1.0);
  for (std::uint64_t i = 0; i < count; i += count / 100) expect(view_of(boss, all[i]) == 1, "an idle server answers");
  view_of(boss, all.back());
  now.report((resident_bytes() - before) / static_cast<double>(count), "bytes");
  for (const auto& each : all) kill(each);
  boss->wait_for(all.front(), all.back());
  all.clear();
  all.shrink_to_fit();
  rest(boss, std::chrono::milliseconds{now.pick(10, 1'000, 1'000)});
  now.report(resident_bytes() / before, "times", "left");
  kill(nobody);
}

void idle_cpu(occasion& now) {
  scoped_actor boss{actors()};
  std::vector<actor> all;
  const auto count = now.pick(100, 100'000, 100'000);
  all.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) all.push_back(actors().spawn<calc>(1.0));
  expect(view_of(boss, all.back()) == 1, "an idle server answers");
  rest(boss, std::chrono::milliseconds{now.pick(1, 100, 200)});
  const std::chrono::milliseconds time{now.pick(10, 5'000, 5'000)};
  const auto used = bench::cpu_time_of_others(time);  // the calling thread is none of CAF's
  expect(view_of(boss, all.front()) == 1, "they are still there");
  now.report(static_cast<double>(used.count()) * (5'000.0 / static_cast<double>(time.count())));
  for (const auto& each : all) kill(each);
}

namespace {

/// Starts so many timers that are hours away. CAF 0.17 gives nothing back by which to cancel one.
class timer_starter : public event_based_actor {
 public:
  timer_starter(caf::actor_config& config, std::vector<std::chrono::milliseconds> times)
      : event_based_actor{config}, times_{std::move(times)} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, std::uint64_t, const actor& boss) {
              const auto began = clock::now();
              for (const auto time : times_) delayed_send(this, time, again_atom::value);
              send(boss, done_atom::value, nanoseconds(clock::now() - began));
            },
            [](again_atom) { expect(false, "none of the timers is due"); }};
  }

 private:
  std::vector<std::chrono::milliseconds> times_;
};

class timer_taker : public event_based_actor {
 public:
  timer_taker(caf::actor_config& config, std::vector<std::chrono::nanoseconds> times)
      : event_based_actor{config}, times_{std::move(times)} {}

 protected:
  behavior make_behavior() override {
    return {[this](work_atom, const actor& boss) {
              boss_ = boss;
              for (std::size_t i = 0; i < times_.size(); ++i) {
                deadlines_.push_back(clock::now() + times_[i]);
                delayed_send(this, times_[i], again_atom::value, static_cast<std::uint64_t>(i));
              }
            },
            [this](again_atom, std::uint64_t timer) {
              late_.push_back(nanoseconds(clock::now() - deadlines_[timer]));
              expect(late_.back() >= 0, "no timer is early");
              if (late_.size() == times_.size()) send(boss_, done_atom::value, late_);
            }};
  }

 private:
  std::vector<std::chrono::nanoseconds> times_;
  std::vector<clock::time_point> deadlines_;
  std::vector<double> late_;
  actor boss_;
};

}  // namespace

void timers(occasion& now) {
  const auto count = now.pick<std::uint64_t>(1'000, 100'000, 1'000'000);
  std::uniform_int_distribution<std::int64_t> milliseconds{3'600'000, 7'200'000};
  std::vector<std::chrono::milliseconds> times(count);
  for (auto& each : times) each = std::chrono::milliseconds{milliseconds(now.random())};
  scoped_actor boss{actors()};
  const actor starter = actors().spawn<timer_starter>(times);
  const auto before = resident_bytes();
  now.report(have_done(boss, starter, count) / static_cast<double>(count), "ns", "start");
  now.report((resident_bytes() - before) / static_cast<double>(count), "bytes", "bytes");
  kill(starter);
}

void timer_lateness(occasion& now) {
  const auto count = now.pick<std::size_t>(100, 10'000, 10'000);
  std::uniform_int_distribution<std::int64_t> any{1'000'000,
                                                  now.pick<std::int64_t>(5'000'000, 500'000'000, 1'000'000'000)};
  std::vector<std::chrono::nanoseconds> times(count);
  for (auto& each : times) each = std::chrono::nanoseconds{any(now.random())};
  scoped_actor boss{actors()};
  const actor taker = actors().spawn<timer_taker>(times);
  boss->send(taker, work_atom::value, actor{boss});
  std::vector<double> late;
  boss->receive([&late](done_atom, std::vector<double>& all) { late = std::move(all); });
  expect(late.size() == count, "each timer has come");
  now.report(quantile(late, 0.5));
  now.report(quantile(late, 0.99), "ns", "p99");
  kill(taker);
}

}  // namespace bench
