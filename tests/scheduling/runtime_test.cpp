#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include <coppice/scheduling/runtime.hpp>

using namespace coppice::scheduling;

namespace {

constexpr std::size_t stack_bytes = std::size_t{64} << 10U;

void await(const std::atomic<bool>& happened) {
  while (!happened.load()) std::this_thread::yield();
}

/// Has one turn, in which it does as it is told.
class job final : public runnable {
 public:
  explicit job(std::function<void()> body) : body_{std::move(body)} {}

  turn_result take_turn() override {
    body_();
    over.store(true);
    return turn_result::ended;
  }
  bool commit_park() noexcept override {
    parked.store(true);
    return true;
  }
  std::size_t stack_size() const noexcept override { return stack_bytes; }

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

}  // namespace

TEST_SUITE("scheduling runtime") {
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
    while (engine.stacks().stats().reserved_bytes > many * stack_bytes / 2) std::this_thread::yield();
    CHECK(engine.stacks_in_use() == 0);
    engine.stop();
  }
}
