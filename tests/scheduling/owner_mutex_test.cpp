#include <atomic>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/owner_mutex.hpp>

using coppice::scheduling::owner_mutex;

TEST_SUITE("owner_mutex") {
  TEST_CASE("it has an owner until somebody else has locked it, whatever the owner does") {
    owner_mutex mutex;
    CHECK_FALSE(mutex.has_owner());
    mutex.give_owner();
    if (!mutex.has_owner()) {
      MESSAGE("this system has no barrier for all threads");
      return;
    }
    for (int i = 0; i < 3; ++i) {
      const owner_mutex::hold held{mutex, true};
      CHECK(mutex.has_owner());
    }
    { const owner_mutex::hold held{mutex, false}; }
    CHECK_FALSE(mutex.has_owner());
    { const owner_mutex::hold held{mutex, true}; }
    CHECK_FALSE(mutex.has_owner());
  }

  TEST_CASE("who comes first beside the owner waits until that is outside") {
    owner_mutex mutex;
    mutex.give_owner();
    std::atomic<bool> came{false};
    std::atomic<bool> entered{false};
    std::thread other;
    {
      const owner_mutex::hold held{mutex, mutex.has_owner()};
      other = std::thread{[&] {
        came = true;
        const owner_mutex::hold also_held{mutex, false};
        entered = true;
      }};
      while (!came) std::this_thread::yield();
      while (mutex.has_owner()) std::this_thread::yield();
      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
      CHECK_FALSE(entered);
    }
    other.join();
    CHECK(entered);
  }

  TEST_CASE("the owner and others are never inside together, from the first time on") {
    constexpr int rounds = 300;
    constexpr int times = 200;
    for (int round = 0; round < rounds; ++round) {
      owner_mutex mutex;
      mutex.give_owner();
      std::atomic<int> ready{0};
      int count = 0;  // a plain number: two who are inside together lose some
      const auto work = [&](bool is_owner) {
        ++ready;
        while (ready != 2) std::this_thread::yield();
        for (int i = 0; i < times; ++i) {
          const owner_mutex::hold held{mutex, is_owner};
          ++count;
        }
      };
      std::thread other{work, false};
      work(true);
      other.join();
      REQUIRE(count == 2 * times);
    }
  }
}
