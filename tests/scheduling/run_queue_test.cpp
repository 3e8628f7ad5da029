#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/run_queue.hpp>
#include <coppice/scheduling/runnable.hpp>

namespace {

using coppice::scheduling::run_queue;
using coppice::scheduling::runnable;

class job final : public runnable {
 public:
  job() : runnable{0} {}
  turn_result take_turn() override { return turn_result::rests; }
  bool commit_park() noexcept override { return true; }
};

// As `runtime::wake` does it.
void push_first(run_queue& queue, runnable& added) {
  if (queue.push_first_alone(added)) return;
  if (runnable* const before = queue.push_first(added)) queue.push(*before);
}

}  // namespace

TEST_CASE("a run queue gives out what came first") {
  run_queue queue;
  std::array<job, 3> jobs;
  for (job& each : jobs) queue.push(each);
  for (job& each : jobs) CHECK(queue.pop() == &each);
  CHECK(queue.pop() == nullptr);
}

TEST_CASE("what is pushed first in a run queue comes before all others, and the one before it goes to the end") {
  run_queue queue;
  job waiting;
  job woken;
  job woken_later;
  queue.push(waiting);
  push_first(queue, woken);
  push_first(queue, woken_later);
  CHECK(queue.size() == 2);
  CHECK(queue.pop() == &woken_later);
  CHECK(queue.pop() == &waiting);
  CHECK(queue.pop() == &woken);
  CHECK(queue.is_empty());
}

TEST_CASE("what comes first in a run queue cannot be pushed as if it were alone where one is there already") {
  for (const bool is_private : {false, true}) {
    run_queue queue;
    if (is_private) queue.make_private();
    job first;
    job second;
    CHECK(queue.push_first_alone(first));
    CHECK_FALSE(queue.push_first_alone(second));
    CHECK(queue.pop() == &first);
    CHECK(queue.push_first_alone(second));
    CHECK(queue.pop() == &second);
    CHECK(queue.is_empty());
  }
}

TEST_CASE("two that wake each other do not keep a third from its turn for ever") {
  run_queue queue;
  std::array<job, 2> players;
  job third;
  queue.push(third);
  push_first(queue, players[0]);
  int turns = 0;
  for (runnable* next = queue.pop(); next != &third; next = queue.pop()) {
    REQUIRE(next != nullptr);
    REQUIRE(++turns < 1'000);
    push_first(queue, next == &players[0] ? players[1] : players[0]);
  }
  CHECK(turns > 1);
}

TEST_CASE("a thief takes half of a run queue, and not the one that is to run next") {
  run_queue queue;
  run_queue thief;
  std::array<job, 4> jobs;
  job next;
  for (job& each : jobs) queue.push(each);
  push_first(queue, next);
  CHECK(queue.steal_half(thief) == jobs.data());
  CHECK(thief.pop() == &jobs[1]);
  CHECK(thief.pop() == nullptr);
  CHECK(queue.pop() == &next);
  CHECK(queue.pop() == &jobs[2]);
}

TEST_CASE("who watches takes the one that is to run next") {
  run_queue queue;
  job next;
  push_first(queue, next);
  run_queue thief;
  CHECK(queue.steal_half(thief) == nullptr);
  CHECK(queue.steal_next() == &next);
  CHECK(queue.steal_next() == nullptr);
  CHECK(queue.is_empty());
}

TEST_CASE("a private run queue works as any other") {
  run_queue queue;
  queue.make_private();
  job first;
  job second;
  queue.push(first);
  queue.push(second);
  CHECK(queue.pop_at(1) == &second);
  CHECK(queue.pop() == &first);
}

TEST_CASE("what comes before all others is got once, by its thread or by who watches") {
  constexpr std::size_t rounds = 100;
  constexpr std::size_t many = 1'000;
  for (const bool has_owner : {true, false}) {
    run_queue queue;
    if (has_owner) queue.give_owner();
    std::vector<job> jobs(many);
    std::vector<runnable*> stolen;
    std::atomic<bool> is_over{false};
    std::thread watcher{[&] {
      while (!is_over) {
        if (runnable* const got = queue.steal_next()) stolen.push_back(got);
      }
    }};
    std::vector<runnable*> popped;
    for (std::size_t i = 0; i < rounds * many; ++i) {
      // Sometimes there is one before it, which then goes to the end.
      push_first(queue, jobs[i % many]);
      if (i % 3 == 0) continue;
      while (runnable* const got = queue.pop()) popped.push_back(got);
      if (i % many == many - 1) std::this_thread::yield();
    }
    while (runnable* const got = queue.pop()) popped.push_back(got);
    is_over = true;
    watcher.join();
    CHECK(stolen.size() + popped.size() == rounds * many);
    std::vector<std::size_t> times(many);
    for (const auto* const got : {&stolen, &popped}) {
      for (runnable* const each : *got) ++times[static_cast<std::size_t>(static_cast<job*>(each) - jobs.data())];
    }
    for (const std::size_t each : times) REQUIRE(each == rounds);
  }
}
