#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/scheduling/owner_spinlock.hpp>

using coppice::scheduling::owner_spinlock;

TEST_SUITE("owner_spinlock") {
  TEST_CASE("the owner and its visitors are never inside together, with an owner and without") {
    constexpr int times = 20'000;
    constexpr int visits = 500;
    for (const bool has_owner : {true, false}) {
      owner_spinlock lock;
      if (has_owner) lock.give_owner();
      long count = 0;  // a plain number: two who are inside together lose some
      std::atomic<int> visitors{2};
      const auto visit = [&] {
        for (int i = 0; i < visits;) {
          const std::unique_lock hold{lock, std::try_to_lock};
          if (!hold) continue;
          ++count;
          ++i;
        }
        --visitors;
      };
      std::thread first{visit};
      std::thread second{visit};
      long taken = 0;
      while (visitors != 0 || taken < times) {
        const owner_spinlock::owners_hold hold{lock};
        ++count;
        ++taken;
      }
      first.join();
      second.join();
      CHECK(count == taken + 2 * visits);
    }
  }

  TEST_CASE("nobody else gets in while one is inside") {
    owner_spinlock lock;
    lock.give_owner();
    REQUIRE(lock.try_lock());
    std::thread{[&] { CHECK_FALSE(lock.try_lock()); }}.join();
    lock.unlock();
    REQUIRE(lock.try_lock());
    lock.unlock();
  }
}
