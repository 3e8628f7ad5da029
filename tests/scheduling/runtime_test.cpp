#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/runtime.hpp>

using namespace coppice::scheduling;

namespace {

constexpr std::uint32_t stack_bytes = 64U << 10U;

void await(const std::atomic<bool>& happened) {
  while (!happened.load()) std::this_thread::yield();
}

/// Has one turn, in which it does as it is told.
class job final : public runnable {
 public:
  explicit job(std::function<void()> body) : runnable{stack_bytes}, body_{std::move(body)} {}

  turn_result take_turn() override {
    body_();
    over.store(true);
    return turn_result::ended;
  }
  bool commit_park() noexcept override {
    parked.store(true);
    return true;
  }

  std::atomic<bool> parked{false};
  std::atomic<bool> over{false};

 private:
  std::function<void()> body_;
};

/// Keeps the thread that it comes to from doing anything else.
class occupant {
 public:
  explicit occupant(runtime& of) {
    of.wake(job_);
    await(here_);
  }
  ~occupant() {
    leave_.store(true);
    await(job_.over);
  }

 private:
  std::atomic<bool> here_{false};
  std::atomic<bool> leave_{false};
  job job_{[this] {
    here_.store(true);
    await(leave_);
  }};
};

/// Waits some times for a timer that is due at once: it may fire while the player is still on its way to rest.
class player final : public runnable {
 public:
  player(runtime& in, std::size_t number, std::vector<std::size_t>& seen)
      : runnable{stack_bytes}, in_{in}, number_{number}, seen_{seen} {}

  turn_result take_turn() override {
    constexpr int times = 5;
    for (int i = 0; i < times; ++i) {
      is_woken_ = false;
      in_.start_timer(in_.now(), [this] { wake(); });
      in_.park();
      seen_.push_back(number_);
    }
    over.store(true);
    return turn_result::ended;
  }
  bool commit_park() noexcept override {
    rests_ = !is_woken_;
    return rests_;
  }

  std::atomic<bool> over{false};

 private:
  void wake() {
    is_woken_ = true;
    if (std::exchange(rests_, false)) in_.wake(*this);
  }

  runtime& in_;
  const std::size_t number_;
  std::vector<std::size_t>& seen_;
  bool is_woken_ = false;
  bool rests_ = false;
};

/// The players' turns, in order.
std::vector<std::size_t> turns_of_players(std::uint64_t seed, bool comes_late) {
  constexpr std::size_t count = 40;
  options wanted;
  wanted.virtual_time = true;
  wanted.seed = seed;
  runtime engine{wanted};
  std::vector<std::size_t> seen;
  std::deque<player> all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(engine, i, seen);
  job first{[&] {
    for (player& each : all) engine.wake(each);
  }};
  if (!comes_late) engine.wake(first);
  engine.start();
  if (comes_late) {
    while (!engine.rests()) std::this_thread::yield();
    engine.wake(first);
  }
  for (player& each : all) await(each.over);
  engine.stop();
  return seen;
}

}  // namespace

TEST_SUITE("scheduling runtime") {
  TEST_CASE("who runs next is a matter of the seed, not of how long an idle thread had looked around before") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      INFO("seed " << seed);
      CHECK(turns_of_players(seed, false) == turns_of_players(seed, true));
    }
  }

  // One of two threads is always occupied, so that it is known where a job runs: each begins on the second thread,
  // waits there, and goes on on the first, where it leaves the carrier that the second one made for it.
  TEST_CASE("carriers that wander from one thread to another are used again") {
    constexpr std::size_t rounds = 200;
    constexpr std::size_t enough_for_both = 40;
    options wanted;
    wanted.threads = 2;
    runtime engine{wanted};
    engine.start();
    {
      auto on_first = std::make_unique<occupant>(engine);
      for (std::size_t round = 0; round < rounds; ++round) {
        job wanderer{[&engine] { engine.park(); }};
        engine.wake(wanderer);
        await(wanderer.parked);
        auto on_second = std::make_unique<occupant>(engine);
        on_first.reset();
        engine.wake(wanderer);
        await(wanderer.over);
        on_first = std::make_unique<occupant>(engine);
        on_second.reset();
      }
    }
    const stack_pool::statistics stacks = engine.stacks().stats();
    CHECK(stacks.in_use + stacks.cached <= enough_for_both);
    engine.stop();
    CHECK(engine.stacks().stats().in_use == 0);
  }

  TEST_CASE("when many that waited are gone, their stacks are given back") {
    constexpr std::size_t many = 2000;
    constexpr std::size_t enough_for_both = 40;
    options wanted;
    wanted.threads = 2;
    runtime engine{wanted};
    engine.start();
    std::deque<job> all;
    for (std::size_t i = 0; i < many; ++i) engine.wake(all.emplace_back([&engine] { engine.park(); }));
    for (job& each : all) await(each.parked);
    CHECK(engine.stacks().stats().in_use >= many);
    for (job& each : all) engine.wake(each);
    for (job& each : all) await(each.over);
    // Nothing else happens any more: whoever does not come out of here has kept them.
    while (engine.stacks().stats().in_use > enough_for_both) std::this_thread::yield();
    while (engine.stacks().stats().warm > enough_for_both) std::this_thread::yield();
    CHECK(engine.stacks_in_use() == 0);
    engine.stop();
  }
}
