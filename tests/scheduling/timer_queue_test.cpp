#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/this_thread.hpp>
#include <coppice/scheduling/timer_queue.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

namespace {

time_point at(std::chrono::nanoseconds since_start) {
  return time_point(since_start);
}

/// A queue, and the numbers of the timers that have fired.
struct recorded_queue {
  timer_queue queue;
  std::vector<int> fired;

  recorded_queue() = default;
  explicit recorded_queue(timer_queue::origin first) : queue(first) {}

  timer_id start(time_point deadline, int number, std::uint64_t owner = 0) {
    return queue.start(
        deadline, [this, number] { fired.push_back(number); }, owner);
  }
};

/// Counts how many of its kind are alive: the copies in a queue are.
class counted {
 public:
  explicit counted(int& alive) : alive_(&alive) { ++alive; }
  counted(counted&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
  counted(counted const&) = delete;
  counted& operator=(counted const&) = delete;
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (alive_ != nullptr) --*alive_;
  }

 private:
  int* alive_;
};

}  // namespace

TEST_SUITE("timer_action") {
  TEST_CASE("an action may be moved, and is destroyed once") {
    int alive = 0;
    int runs = 0;
    {
      timer_action first([&runs, held = counted(alive)] { ++runs; });
      CHECK(alive == 1);
      timer_action second(std::move(first));
      CHECK_FALSE(first);
      second();
      first = std::move(second);
      CHECK(alive == 1);
      first();
      CHECK_FALSE(first.is_trivial());
    }
    CHECK(runs == 2);
    CHECK(alive == 0);
  }

  TEST_CASE("an action that is too large to lie inside works alike") {
    int alive = 0;
    int sum = 0;
    {
      std::array<int, 100> const numbers = {1, 2, 3};
      timer_action large([&sum, numbers, held = counted(alive)] {
        for (int number : numbers) sum += number;
      });
      timer_action moved;
      moved = std::move(large);
      moved();
      CHECK(alive == 1);
    }
    CHECK(sum == 6);
    CHECK(alive == 0);
  }

  TEST_CASE("an action takes its own 24 bytes and a pointer") {
    CHECK(sizeof(timer_action) == 32);
  }

  TEST_CASE("an action may take the owner, inside or not") {
    std::vector<std::uint64_t> owners;
    timer_action small([&owners](std::uint64_t owner) { owners.push_back(owner); });
    timer_action large([&owners, padding = std::array<int, 100>{}](std::uint64_t owner) {
      owners.push_back(owner + static_cast<std::uint64_t>(padding[0]));
    });
    small(7);
    large(8);
    CHECK(owners == std::vector<std::uint64_t>{7, 8});
  }
}

TEST_SUITE("timer_queue") {
  TEST_CASE("timers fire by deadline, those of one deadline in the order in which they were started") {
    recorded_queue timers;
    timers.start(at(3s), 4);
    timers.start(at(1s), 1);
    timers.start(at(2s), 2);
    timers.start(at(3s), 5);
    timers.start(at(2s), 3);
    CHECK(timers.queue.size() == 5);
    CHECK(timers.queue.fire_due(at(3s)) == 5);
    CHECK(timers.fired == std::vector{1, 2, 3, 4, 5});
    CHECK(timers.queue.size() == 0);
  }

  TEST_CASE("a timer never fires before its deadline, not by a nanosecond") {
    recorded_queue timers;
    timers.start(at(1s), 1);
    CHECK(timers.queue.fire_due(at(1s - 1ns)) == 0);
    CHECK(timers.fired.empty());
    CHECK(timers.queue.fire_due(at(1s)) == 1);
  }

  TEST_CASE("a deadline that is past, before the start of time or never comes is a deadline as any other") {
    recorded_queue timers;
    timers.start(time_point::max(), 3);
    timers.start(at(0s), 2);
    timers.start(time_point::min(), 1);
    CHECK(timers.queue.next_deadline() == time_point::min());
    CHECK(timers.queue.fire_due(at(0s)) == 2);
    CHECK(timers.queue.next_deadline() == time_point::max());
    CHECK(timers.queue.fire_due(time_point::max()) == 1);
    CHECK(timers.fired == std::vector{1, 2, 3});
  }

  TEST_CASE("cancel returns the deadline of a pending timer, once") {
    recorded_queue timers;
    timer_id const id = timers.start(at(5s), 1);
    CHECK(timers.queue.is_pending(id));
    CHECK(timers.queue.cancel(id));
    CHECK_FALSE(timers.queue.cancel(id));
    CHECK_FALSE(timers.queue.is_pending(id));
    CHECK(timers.queue.fire_due(at(10s)) == 0);
    CHECK(timers.fired.empty());
  }

  TEST_CASE("a timer that has fired cannot be cancelled") {
    recorded_queue timers;
    timer_id const id = timers.start(at(1s), 1);
    timers.queue.fire_due(at(1s));
    CHECK_FALSE(timers.queue.cancel(id));
  }

  TEST_CASE("an id that names nothing cancels nothing") {
    recorded_queue timers;
    timers.start(at(1s), 1);
    CHECK_FALSE(timers.queue.cancel({}));
    CHECK_FALSE(timer_id{});
    for (std::uint64_t value :
         {std::uint64_t{1}, std::uint64_t{1} << 31, std::uint64_t{1} << 32 | 1, ~std::uint64_t{0}}) {
      CHECK_FALSE(timers.queue.cancel({value}));
      CHECK_FALSE(timers.queue.is_pending({value}));
    }
    CHECK(timers.queue.size() == 1);
  }

  TEST_CASE("an id is never used again, though its slot is") {
    recorded_queue timers;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
      timer_id const id = timers.start(at(1s), i);
      CHECK(id);
      CHECK(seen.insert(id.value).second);
      i % 2 == 0 ? void(timers.queue.cancel(id)) : void(timers.queue.fire_due(at(1s)));
    }
    for (std::uint64_t value : seen) CHECK_FALSE(timers.queue.cancel({value}));
  }

  TEST_CASE("an id is never used again, though the memory of its slot was given back") {
    timer_queue queue;
    std::vector<std::uint64_t> seen;
    for (int round = 0; round < 3; ++round) {
      std::vector<timer_id> ids(100'000);
      for (timer_id& each : ids) each = queue.start(at(1s), [] {});
      for (timer_id const each : ids) {
        seen.push_back(each.value);
        if (!queue.cancel(each)) FAIL("it was pending");
      }
    }
    std::sort(seen.begin(), seen.end());
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
  }

  TEST_CASE("the next deadline is exact, also after the earliest timer was cancelled") {
    recorded_queue timers;
    CHECK(timers.queue.next_deadline() == std::nullopt);
    CHECK(timers.queue.next_deadline_bound() == time_point::max());
    timer_id const late = timers.start(at(2s), 2);
    timer_id const early = timers.start(at(1s), 1);
    CHECK(timers.queue.next_deadline() == at(1s));
    CHECK(timers.queue.next_deadline_bound() == at(1s));
    timers.queue.cancel(early);
    CHECK(timers.queue.next_deadline_bound() <= at(2s));
    CHECK(timers.queue.next_deadline() == at(2s));
    CHECK(timers.queue.next_deadline_bound() == at(2s));
    timers.queue.cancel(late);
    CHECK(timers.queue.next_deadline() == std::nullopt);
    CHECK(timers.queue.next_deadline_bound() == time_point::max());
  }

  TEST_CASE("a call that fires nothing makes the bound exact") {
    recorded_queue timers;
    timer_id const early = timers.start(at(1s), 1);
    timers.start(at(3s), 3);
    timers.queue.cancel(early);
    CHECK(timers.queue.fire_due(at(2s)) == 0);
    CHECK(timers.queue.next_deadline_bound() == at(3s));
  }

  TEST_CASE("an action may cancel a timer that is due after it") {
    timer_queue queue;
    bool fired = false;
    timer_id second;
    bool cancelled = false;
    queue.start(at(1s), [&] { cancelled = queue.cancel(second); });
    second = queue.start(at(1s), [&] { fired = true; });
    CHECK(queue.fire_due(at(1s)) == 1);
    CHECK(cancelled);
    CHECK_FALSE(fired);
  }

  TEST_CASE("an action may start a timer, which fires in the same call when it is due") {
    recorded_queue timers;
    timers.queue.start(at(1s), [&] {
      timers.start(at(2s), 2);
      timers.start(at(4s), 4);
      timers.start(at(0s), 1);
    });
    timers.start(at(3s), 3);
    CHECK(timers.queue.fire_due(at(3s)) == 4);
    CHECK(timers.fired == std::vector{1, 2, 3});
    CHECK(timers.queue.next_deadline() == at(4s));
  }

  TEST_CASE("a call fires no more than it may, so that a timer that starts itself anew does not hold it for ever") {
    timer_queue queue;
    int runs = 0;
    struct again {
      timer_queue& queue;
      int& runs;
      void operator()() const {
        ++runs;
        queue.start(at(1s), again{queue, runs});
      }
    };
    queue.start(at(1s), again{queue, runs});
    CHECK(queue.fire_due(at(1s), 10) == 10);
    CHECK(runs == 10);
    CHECK(queue.size() == 1);
    CHECK(queue.fire_due(at(1s), 0) == 0);
  }

  TEST_CASE("an exception of an action leaves the call, and the timers after it stay pending") {
    recorded_queue timers;
    timers.queue.start(at(1s), [] { throw std::runtime_error("no"); });
    timers.start(at(2s), 2);
    CHECK_THROWS_AS(timers.queue.fire_due(at(2s)), std::runtime_error);
    CHECK(timers.queue.size() == 1);
    CHECK(timers.queue.fire_due(at(2s)) == 1);
    CHECK(timers.fired == std::vector{2});
  }

  TEST_CASE("a timer without an action just expires") {
    timer_queue queue;
    queue.start(at(1s), {});
    CHECK(queue.fire_due(at(1s)) == 1);
    CHECK(queue.size() == 0);
  }

  TEST_CASE("the end of an owner cancels its timers and no others") {
    recorded_queue timers;
    timers.start(at(1s), 1, 7);
    timer_id const cancelled_before = timers.start(at(2s), 2, 7);
    timers.start(at(3s), 3, 8);
    timers.start(at(4s), 4);
    timers.start(at(5s), 5, 7);
    timers.start(at(6s), 6, 7);
    timers.queue.fire_due(at(1s));
    timers.queue.cancel(cancelled_before);
    CHECK(timers.queue.cancel_all_of(7) == 2);
    CHECK(timers.queue.cancel_all_of(7) == 0);
    CHECK(timers.queue.cancel_all_of(9) == 0);
    CHECK(timers.queue.cancel_all_of(0) == 0);
    CHECK(timers.queue.size() == 2);
    timers.queue.fire_due(at(10s));
    CHECK(timers.fired == std::vector{1, 3, 4});
  }

  // A slot stays in the list of its last owner until it is used again, and its chunk may go before that.
  TEST_CASE("timers that were cancelled are not their owner's any more, whoever uses their room") {
    recorded_queue timers;
    constexpr int count = 100'000;  // several chunks
    std::vector<timer_id> ids;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < count; ++i) {
        ids.push_back(timers.start(at(1s), i, static_cast<std::uint64_t>(1 + (i + round) % 3)));
      }
      std::shuffle(ids.begin(), ids.end(), std::mt19937_64(1));
      for (timer_id const id : ids) CHECK(timers.queue.cancel(id));
      ids.clear();
    }
    timers.start(at(1s), 1, 2);
    timers.start(at(1s), 2, 1);
    CHECK(timers.queue.cancel_all_of(3) == 0);
    CHECK(timers.queue.cancel_all_of(1) == 1);
    CHECK(timers.queue.fire_due(at(1s)) == 1);
    CHECK(timers.fired == std::vector{1});
    CHECK(timers.queue.cancel_all_of(2) == 0);
  }

  TEST_CASE("an action is told whose timer it was") {
    timer_queue queue;
    std::vector<std::uint64_t> owners;
    for (std::uint64_t owner : {7, 0, 8}) {
      queue.start(
          at(1s), [&owners](std::uint64_t told) { owners.push_back(told); }, owner);
    }
    queue.fire_due(at(1s));
    CHECK(owners == std::vector<std::uint64_t>{7, 0, 8});
  }

  TEST_CASE("an action is destroyed when its timer has fired, was cancelled, lost its owner, or the queue has ended") {
    int alive = 0;
    {
      timer_queue queue;
      timer_id const cancelled = queue.start(at(1s), [held = counted(alive)] {});
      queue.start(at(1s), [held = counted(alive)] {});
      queue.start(
          at(2s), [held = counted(alive)] {}, 7);
      queue.start(at(2s), [held = counted(alive)] {});
      CHECK(alive == 4);
      queue.cancel(cancelled);
      CHECK(alive == 3);
      queue.fire_due(at(1s));
      CHECK(alive == 2);
      queue.cancel_all_of(7);
      CHECK(alive == 1);
    }
    CHECK(alive == 0);
  }

  TEST_CASE("the destruction of an action may use the queue") {
    timer_queue queue;
    struct last_word {
      explicit last_word(timer_queue& on) : queue(&on) {}
      last_word(last_word&& other) noexcept : queue(std::exchange(other.queue, nullptr)) {}
      ~last_word() {
        if (queue != nullptr) queue->start(at(9s), [] {});
      }
      void operator()() const {}
      timer_queue* queue;
    };
    queue.cancel(queue.start(at(1s), last_word(queue)));
    CHECK(queue.size() == 1);
    queue.start(at(1s), last_word(queue), 7);
    CHECK(queue.cancel_all_of(7) == 1);
    CHECK(queue.size() == 2);
    queue.start(at(1s), last_word(queue));
    CHECK(queue.fire_due(at(1s)) == 1);
    CHECK(queue.size() == 3);
  }

  TEST_CASE("timers keep their order when the running number is spent") {
    recorded_queue timers(
        timer_queue::origin{.sequence = std::numeric_limits<std::uint32_t>::max() - 4, .generation = 1});
    std::vector<timer_id> ids;
    for (int i = 0; i < 20; ++i) {
      ids.push_back(timers.start(at(i < 10 ? 2s : 1s), i));
      if (i == 7) timers.queue.cancel(ids[1]);
    }
    CHECK(timers.queue.cancel(ids[0]));
    CHECK(timers.queue.fire_due(at(2s)) == 18);
    CHECK(timers.fired == std::vector{10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 2, 3, 4, 5, 6, 7, 8, 9});
  }

  TEST_CASE("a slot that has been used as often as an id can tell is not used again") {
    constexpr std::uint32_t nearly_spent = std::numeric_limits<std::uint32_t>::max() - 3;
    recorded_queue timers(timer_queue::origin{.sequence = 0, .generation = nearly_spent});
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 100; ++i) {
      timer_id const id = timers.start(at(1s), i);
      CHECK(seen.insert(id.value).second);
      CHECK((id.value >> 32) >= nearly_spent);
      CHECK(timers.queue.cancel(id));
      CHECK_FALSE(timers.queue.cancel(id));
    }
    CHECK(timers.queue.size() == 0);
  }

  TEST_CASE("a hundred thousand timers, most of them cancelled, fire in order") {
    timer_queue queue;
    std::mt19937_64 random(1);
    constexpr int count = 100'000;
    std::vector<timer_id> ids;
    std::vector<std::pair<std::int64_t, int>> expected;
    std::vector<std::pair<std::int64_t, int>> fired;
    for (int i = 0; i < count; ++i) {
      auto const deadline = static_cast<std::int64_t>(random() % 50'000);
      ids.push_back(queue.start(at(std::chrono::nanoseconds(deadline)),
                                [&fired, deadline, i] { fired.emplace_back(deadline, i); }));
      if (i % 10 == 0) expected.emplace_back(deadline, i);
    }
    for (int i = 0; i < count; ++i) {
      if (i % 10 != 0) CHECK(queue.cancel(ids[static_cast<std::size_t>(i)]));
    }
    std::sort(expected.begin(), expected.end());
    CHECK(queue.fire_due(time_point::max()) == expected.size());
    CHECK(fired == expected);
  }

  // The queue against the simplest thing that could be right: a multimap from deadline to number, whose equal keys
  // stand in the order of their insertion. Deadlines come from few values, so that many are equal, in a window that
  // moves on.
  TEST_CASE("any sequence of starts, cancels and firings does what a sorted list would do") {
    struct expected_timer {
      timer_id id;
      std::uint64_t owner;
      int number;
    };
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(seed);
      std::mt19937_64 random(seed);
      auto const below = [&random](std::uint64_t limit) { return random() % limit; };
      std::uint64_t const width = seed % 3 == 0 ? 5 : seed % 3 == 1 ? 1'000 : 1'000'000'000;
      std::uint64_t const start_weight = 20 + below(50);
      recorded_queue timers;
      std::multimap<time_point, expected_timer> model;
      std::vector<timer_id> past;
      std::vector<int> expected;
      time_point now = at(0ns);
      int next_number = 0;
      for (int step = 0; step < 4'000; ++step) {
        std::uint64_t const choice = below(100);
        if (choice < start_weight) {
          time_point const deadline = now - 2ns + std::chrono::nanoseconds(below(width));
          std::uint64_t const owner = below(3) == 0 ? 1 + below(6) : 0;
          int const number = next_number++;
          model.emplace(deadline, expected_timer{timers.start(deadline, number, owner), owner, number});
        } else if (choice < 88 && !model.empty()) {
          auto chosen = model.begin();
          std::advance(chosen, static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(model.size(), 50))));
          REQUIRE(timers.queue.is_pending(chosen->second.id));
          REQUIRE(timers.queue.cancel(chosen->second.id));
          past.push_back(chosen->second.id);
          model.erase(chosen);
        } else if (choice < 90) {
          std::uint64_t const owner = 1 + below(6);
          REQUIRE(timers.queue.cancel_all_of(owner) ==
                  std::erase_if(model, [owner](auto const& each) { return each.second.owner == owner; }));
        } else if (choice < 97) {
          now += std::chrono::nanoseconds(below(width) / 4);
          std::size_t const most = below(2) == 0 ? 1'000'000 : below(20);
          std::size_t count = 0;
          while (count < most && !model.empty() && model.begin()->first <= now) {
            expected.push_back(model.begin()->second.number);
            past.push_back(model.begin()->second.id);
            model.erase(model.begin());
            ++count;
          }
          REQUIRE(timers.queue.fire_due(now, most) == count);
          REQUIRE(timers.fired == expected);
        } else if (!past.empty()) {
          REQUIRE_FALSE(timers.queue.cancel(past[below(past.size())]));
        }
        REQUIRE(timers.queue.size() == model.size());
        time_point const earliest = model.empty() ? time_point::max() : model.begin()->first;
        REQUIRE(timers.queue.next_deadline_bound() <= earliest);
        if (below(4) == 0) {
          REQUIRE(timers.queue.next_deadline().value_or(time_point::max()) == earliest);
          REQUIRE(timers.queue.next_deadline_bound() == earliest);
        }
      }
    }
  }

  // Each thread starts timers and cancels half of them, and every timer also belongs to an owner that may lose all of
  // its own; the main thread fires. Every timer has to end exactly once: fired, cancelled by id, or with its owner.
  TEST_CASE("timers that several threads start and cancel while one fires end exactly once each") {
    timer_queue queue;
    constexpr int threads = 3;
    constexpr int each = 20'000;
    std::atomic<int> fired{0};
    std::atomic<int> cancelled{0};
    std::atomic<int> running{threads};
    std::vector<std::thread> users;
    for (int thread = 0; thread < threads; ++thread) {
      users.emplace_back([&, thread] {
        std::mt19937_64 random(static_cast<std::uint64_t>(thread));
        std::vector<timer_id> mine;
        for (int i = 0; i < each; ++i) {
          auto const deadline = at(std::chrono::nanoseconds(random() % 1'000));
          // A held pointer makes the action one whose destruction counts.
          mine.push_back(queue.start(
              deadline, [&fired, kept = std::make_unique<int>(i)] { fired.fetch_add(1); }, 1 + random() % 50));
          if (i % 2 == 0 && queue.cancel(mine[random() % mine.size()])) cancelled.fetch_add(1);
          if (i % 100 == 0) cancelled.fetch_add(static_cast<int>(queue.cancel_all_of(1 + random() % 50)));
        }
        running.fetch_sub(1);
      });
    }
    while (running.load() != 0) {
      queue.fire_due(at(500ns), 100);
      queue.next_deadline();
    }
    for (std::thread& user : users) user.join();
    int const left = static_cast<int>(queue.size());
    CHECK(fired.load() + cancelled.load() + left == threads * each);
    CHECK(queue.fire_due(time_point::max()) == static_cast<std::size_t>(left));
    CHECK(fired.load() + cancelled.load() == threads * each);
    CHECK(queue.next_deadline() == std::nullopt);
  }

  // In each round another thread comes at another moment: to the first of the owner's timers or to a later one.
  TEST_CASE("a queue that is one thread's may be used by another one at any time") {
    int place = 0;
    scheduler& me = reinterpret_cast<scheduler&>(place);  // an address that nobody follows
    for (int round = 0; round < 200; ++round) {
      timer_queue queue{me};
      constexpr int count = 200;
      std::vector<std::atomic<std::uint64_t>> ids(count);
      std::atomic<int> others{0};
      std::thread other([&] {
        for (int i = 0; i < round; ++i) std::this_thread::yield();
        for (auto& id : ids) {
          if (queue.cancel({id.load()})) ++others;
        }
        others += static_cast<int>(queue.cancel_all_of(7));
      });
      this_thread().here = &me;
      int mine = 0;
      for (int i = 0; i < count; ++i) {
        const timer_id started = queue.start(
            at(1s), [] {}, static_cast<std::uint64_t>(7 + i % 2));
        ids[static_cast<std::size_t>(i)] = started.value;
        if (i % 3 == 0 && queue.cancel(started)) ++mine;
      }
      other.join();
      mine += static_cast<int>(queue.fire_due(at(1s)));
      this_thread().here = nullptr;
      REQUIRE(mine + others == count);
      REQUIRE(queue.size() == 0);
    }
  }

  // Its heap moves to huge pages and back on the way.
  TEST_CASE("three hundred thousand timers, of which few are left for a while, fire in order") {
    recorded_queue timers;
    constexpr int count = 300'000;
    std::vector<int> expected;
    for (int round = 0; round < 2; ++round) {
      std::vector<timer_id> ids;
      for (int i = 0; i < count; ++i) ids.push_back(timers.start(at(std::chrono::nanoseconds{count - i}), i));
      for (int i = 0; i < count; ++i) {
        if (i % 1000 != 0) timers.queue.cancel(ids[static_cast<std::size_t>(i)]);
      }
      CHECK(timers.queue.size() == count / 1000);
      expected.clear();
      for (int i = count - 1000; i >= 0; i -= 1000) expected.push_back(i);
      CHECK(timers.queue.fire_due(at(std::chrono::nanoseconds{count})) == expected.size());
      CHECK(timers.fired == expected);
      timers.fired.clear();
    }
  }
}
