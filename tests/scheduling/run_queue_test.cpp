#include <array>
#include <cstddef>

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
  CHECK(queue.push_first(woken) == 2);
  CHECK(queue.push_first(woken_later) == 3);
  CHECK(queue.pop() == &woken_later);
  CHECK(queue.pop() == &waiting);
  CHECK(queue.pop() == &woken);
  CHECK(queue.is_empty());
}

TEST_CASE("two that wake each other do not keep a third from its turn for ever") {
  run_queue queue;
  std::array<job, 2> players;
  job third;
  queue.push(third);
  queue.push_first(players[0]);
  int turns = 0;
  for (runnable* next = queue.pop(); next != &third; next = queue.pop()) {
    REQUIRE(next != nullptr);
    REQUIRE(++turns < 1'000);
    queue.push_first(next == &players[0] ? players[1] : players[0]);
  }
  CHECK(turns > 1);
}

TEST_CASE("a thief takes half of a run queue, and not the one that is to run next") {
  run_queue queue;
  run_queue thief;
  std::array<job, 4> jobs;
  job next;
  for (job& each : jobs) queue.push(each);
  queue.push_first(next);
  CHECK(queue.steal_half(thief) == jobs.data());
  CHECK(thief.pop() == &jobs[1]);
  CHECK(thief.pop() == nullptr);
  CHECK(queue.pop() == &next);
  CHECK(queue.pop() == &jobs[2]);
}

TEST_CASE("who watches takes the one that is to run next") {
  run_queue queue;
  job next;
  queue.push_first(next);
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
