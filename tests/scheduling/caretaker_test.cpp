#include <cstddef>
#include <deque>

#include <doctest/doctest.h>

#include <coppice/scheduling/caretaker.hpp>
#include <coppice/scheduling/scheduler.hpp>
#include <coppice/scheduling/stack_pool.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

namespace {

const time_point start{1h};

/// A caretaker, and carriers that rest under it.
struct house {
  carrier_depot depot;
  stack_pool stacks;
  caretaker care{depot, stacks};
  std::deque<carrier> all;
  int trims = 0;

  house() {
    care.when_many_have_ended([this] { ++trims; });
  }

  void rest(std::size_t count, unsigned stack_class = 2) {
    for (std::size_t i = 0; i < count; ++i) depot.put(all.emplace_back(stack_class));
  }
  void take_and_return(std::size_t count, unsigned stack_class = 2) {
    carrier_list taken;
    for (std::size_t i = 0; i < count; ++i) taken.push(*depot.take(stack_class));
    while (carrier* const each = taken.pop()) depot.put(*each);
  }
  /// Ends what it is given to end, until there is no more.
  std::size_t work_at(time_point now) {
    std::size_t ended = 0;
    for (;;) {
      const std::size_t given = care.work(now).size();
      if (given == 0) return ended;
      ended += given;
      for (std::size_t i = 0; i < given; ++i) care.carrier_ends();
      for (std::size_t i = 0; i < given; ++i) care.carrier_has_ended();
    }
  }
};

}  // namespace

TEST_SUITE("caretaker") {
  TEST_CASE("carriers that rested for a whole interval are ended, and no others") {
    house in;
    in.rest(1000);
    CHECK(in.work_at(start) == 0);
    in.take_and_return(300);
    CHECK(in.work_at(start + caretaker::interval - 1ns) == 0);
    CHECK(in.work_at(start + caretaker::interval) == 700);
    CHECK(in.depot.size() == 300);
    CHECK(in.work_at(start + 2 * caretaker::interval) == 300);
  }

  TEST_CASE("each size of stack is counted by itself") {
    house in;
    in.rest(10, 1);
    in.rest(10, 3);
    CHECK(in.work_at(start) == 0);
    in.take_and_return(10, 3);
    CHECK(in.work_at(start + caretaker::interval) == 10);
    CHECK(in.depot.take(1) == nullptr);
    CHECK(in.depot.take(3) != nullptr);
  }

  TEST_CASE("while a batch of carriers comes to its end, no other is given") {
    house in;
    in.rest(1000);
    in.work_at(start);
    const std::size_t batch = in.care.work(start + caretaker::interval).size();
    CHECK(batch > 0);
    CHECK(batch < 1000);
    in.care.carrier_ends();
    CHECK(in.care.work(start + caretaker::interval).size() == 0);
    in.care.carrier_has_ended();
    CHECK(in.care.work(start + caretaker::interval).size() > 0);
  }

  TEST_CASE("the pages of stacks that have come back are given to the system") {
    house in;
    stack const used = in.stacks.allocate(stack_pool::smallest);
    static_cast<char*>(used.top)[-1] = 1;
    CHECK(in.stacks.resident_bytes(used) != 0);
    in.care.carrier_ends();
    in.stacks.deallocate(used);
    in.care.carrier_has_ended();
    CHECK(in.care.has_work());
    in.work_at(start);
    CHECK(in.stacks.stats().reserved_bytes == 0);
  }

  TEST_CASE("after a mass death everything is trimmed, once it is over and blocks have been handed out") {
    house in;
    in.care.many_have_ended();
    in.work_at(start);
    in.care.many_have_ended();
    in.work_at(start + caretaker::interval);
    CHECK(in.care.mass_deaths() == 0);
    CHECK_FALSE(in.care.is_soon_after_mass_death(start + caretaker::interval));
    in.work_at(start + 2 * caretaker::interval);
    CHECK(in.care.mass_deaths() == 1);
    CHECK(in.care.is_soon_after_mass_death(start + 4 * caretaker::interval));
    CHECK_FALSE(in.care.is_soon_after_mass_death(start + 40 * caretaker::interval));
    CHECK(in.trims == 0);
    in.care.blocks_handed_out();
    in.work_at(start + 3 * caretaker::interval);
    CHECK(in.trims == 1);
    in.work_at(start + 4 * caretaker::interval);
    CHECK(in.trims == 1);
    CHECK_FALSE(in.care.has_work());
  }

  TEST_CASE("for who hands out blocks too late everything is trimmed once more") {
    house in;
    in.care.many_have_ended();
    for (int i = 0; i < 3; ++i) in.work_at(start + i * caretaker::interval);
    CHECK(in.trims == 1);
    in.care.blocks_handed_out();
    CHECK(in.care.has_work());
    in.work_at(start + 3 * caretaker::interval);
    CHECK(in.trims == 2);
    CHECK_FALSE(in.care.has_work());
  }

  TEST_CASE("the end of many carriers is a mass death") {
    house in;
    in.rest(5000);
    for (int i = 0; i < 4; ++i) in.work_at(start + i * caretaker::interval);
    CHECK(in.trims == 1);
  }

  TEST_CASE("where there is nothing to give back, there is no work") {
    house in;
    CHECK_FALSE(in.care.has_work());
    in.rest(20);
    in.care.many_have_ended();
    CHECK(in.care.has_work());
    for (int i = 0; i < 3; ++i) in.work_at(start + i * caretaker::interval);
    CHECK_FALSE(in.care.has_work());
  }
}
