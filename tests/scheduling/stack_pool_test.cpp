#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <coppice/scheduling/stack_pool.hpp>

using namespace coppice::scheduling;

namespace {

constexpr std::size_t kib = 1024;

std::size_t page_size() {
  return static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::byte* base_of(stack const& whole) {
  return static_cast<std::byte*>(whole.top) - whole.size;
}

/// Whether an address can be read, found out without a fault: the kernel says so when it is asked to read there.
bool is_readable(void const* address) {
  std::array<int, 2> ends;
  REQUIRE(pipe(ends.data()) == 0);
  bool const readable = write(ends[1], address, 1) == 1;
  close(ends[0]);
  close(ends[1]);
  return readable;
}

bool has_guard(stack const& whole) {
  return !is_readable(base_of(whole) - 1);
}

void touch(stack const& whole, std::size_t pages) {
  for (std::size_t i = 0; i < pages; ++i)
    static_cast<volatile char*>(whole.top)[-1 - std::ptrdiff_t(i * page_size())] = 1;
}

/// Takes many stacks and gives them back at the end of the test.
struct borrowed_stacks {
  explicit borrowed_stacks(stack_pool& from) : pool(from) {}
  ~borrowed_stacks() { give_back(); }
  borrowed_stacks(borrowed_stacks const&) = delete;
  borrowed_stacks& operator=(borrowed_stacks const&) = delete;

  stack take(std::size_t size = 16 * kib) { return stacks.emplace_back(pool.allocate(size)); }
  void take_many(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) take();
  }
  void give_back() {
    for (stack const& each : stacks) pool.deallocate(each);
    stacks.clear();
  }

  stack_pool& pool;
  std::vector<stack> stacks;
};

}  // namespace

TEST_SUITE("stack_pool") {
  TEST_CASE("a stack is of the next power of two, less than a quarter of a page for the stagger") {
    stack_pool pool;
    struct {
      std::size_t asked;
      std::size_t expected;
    } const cases[] = {{0, 16 * kib},        {1, 16 * kib},
                       {16 * kib, 16 * kib}, {16 * kib + 1, 32 * kib},
                       {100'000, 128 * kib}, {64 * kib * kib, 64 * kib * kib}};
    for (auto const& [asked, expected] : cases) {
      CAPTURE(asked);
      stack const taken = pool.allocate(asked);
      CHECK(taken.size <= expected);
      CHECK(taken.size >= expected - 960);
      CHECK(reinterpret_cast<std::uintptr_t>(taken.top) % 64 == 0);
      CHECK(reinterpret_cast<std::uintptr_t>(base_of(taken)) % page_size() == 0);
      touch(taken, 4);
      base_of(taken)[0] = std::byte{1};
      pool.deallocate(taken);
    }
  }

  TEST_CASE("more than 64 MiB is refused") {
    stack_pool pool;
    CHECK_THROWS_AS(pool.allocate(stack_pool::largest + 1), std::bad_alloc);
    CHECK_THROWS_AS(pool.allocate(~std::size_t{0}), std::bad_alloc);
    CHECK(pool.stats().in_use == 0);
  }

  TEST_CASE("the page below a stack cannot be touched") {
    for (auto kind : {stack_pool::guard::automatic, stack_pool::guard::mprotect}) {
      stack_pool pool({.guard = kind});
      borrowed_stacks stacks(pool);
      for (std::size_t size : {16 * kib, 64 * kib, 16 * kib}) {
        stack const taken = stacks.take(size);
        touch(taken, 1);
        base_of(taken)[0] = std::byte{1};
        CHECK(is_readable(base_of(taken)));
        CHECK(is_readable(static_cast<std::byte*>(taken.top) - 1));
        CHECK_FALSE(is_readable(base_of(taken) - 1));
        CHECK_FALSE(is_readable(base_of(taken) - page_size()));
      }
      CHECK(pool.stats().guarded == 3);
      CHECK(pool.stats().unguarded == 0);
    }
  }

  TEST_CASE("guards are there again when a stack is, and after its pages were given back") {
    for (auto kind : {stack_pool::guard::automatic, stack_pool::guard::mprotect}) {
      stack_pool pool({.guard = kind});
      borrowed_stacks stacks(pool);
      stack const kept = pool.allocate(16 * kib);
      stacks.take_many(20);
      stacks.give_back();
      pool.trim();
      stacks.take_many(20);
      CHECK(std::all_of(stacks.stacks.begin(), stacks.stacks.end(), has_guard));
      CHECK(has_guard(kept));
      pool.deallocate(kept);
    }
  }

  TEST_CASE("stacks without guards are counted, and nobody is told: they were asked for") {
    int notices = 0;
    stack_pool pool({.guard = stack_pool::guard::none, .notice = [&](std::string_view) { ++notices; }});
    borrowed_stacks stacks(pool);
    stacks.take_many(3);
    CHECK(pool.stats().guarded == 0);
    CHECK(pool.stats().unguarded == 3);
    CHECK(notices == 0);
  }

  TEST_CASE("stacks beyond the limit of guards by mprotect go without, and that is said once") {
    std::vector<std::string> notices;
    stack_pool pool({.guard = stack_pool::guard::mprotect,
                     .notice = [&](std::string_view text) { notices.emplace_back(text); },
                     .mprotect_limit = 5});
    borrowed_stacks stacks(pool);
    stacks.take_many(5);
    CHECK(notices.empty());
    stacks.take_many(5);
    REQUIRE(notices.size() == 1);
    CHECK(notices[0].find("no guard page") != std::string::npos);
    CHECK(notices[0].find("vm.max_map_count") != std::string::npos);
    CHECK(pool.stats().guarded == 5);
    CHECK(pool.stats().unguarded == 5);
    CHECK(has_guard(stacks.stacks[4]));
    CHECK_FALSE(has_guard(stacks.stacks[5]));

    SUBCASE("and guards that are gone count no more") {
      stacks.give_back();
      pool.trim();
      CHECK(pool.stats().guarded == 0);
      stacks.take_many(5);
      CHECK(pool.stats().guarded == 5);
    }
  }

  TEST_CASE("stacks do not overlap") {
    stack_pool pool;
    borrowed_stacks stacks(pool);
    for (int i = 0; i < 300; ++i) stacks.take(i % 3 == 0 ? 64 * kib : 16 * kib);
    std::sort(stacks.stacks.begin(), stacks.stacks.end(), [](auto const& a, auto const& b) { return a.top < b.top; });
    for (std::size_t i = 1; i < stacks.stacks.size(); ++i) {
      CHECK(static_cast<std::byte*>(stacks.stacks[i - 1].top) + page_size() <= base_of(stacks.stacks[i]));
    }
  }

  TEST_CASE("tops are staggered, all steps about as often") {
    stack_pool pool;
    borrowed_stacks stacks(pool);
    stacks.take_many(1600);
    std::vector<int> steps(16);
    for (stack const& each : stacks.stacks) ++steps.at((16 * kib - each.size) / 64);
    for (int step : steps) {
      CHECK(step > 50);
      CHECK(step < 200);
    }
  }

  TEST_CASE("the stack that came back last is the next one of its class") {
    stack_pool pool;
    stack const a = pool.allocate(16 * kib);
    stack const b = pool.allocate(16 * kib);
    stack const other = pool.allocate(32 * kib);
    pool.deallocate(a);
    pool.deallocate(b);
    pool.deallocate(other);
    CHECK(pool.stats().cached == 3);
    stack const again = pool.allocate(10 * kib);
    CHECK(again.top == b.top);
    CHECK(again.size == b.size);
    CHECK(pool.allocate(16 * kib).top == a.top);
    CHECK(pool.stats().cached == 1);
    CHECK(pool.stats().in_use == 2);
    pool.deallocate(a);
    pool.deallocate(b);
  }

  TEST_CASE("only pages that were touched are resident, and measuring touches none") {
    stack_pool pool;
    borrowed_stacks stacks(pool);
    stack const taken = stacks.take(256 * kib);
    CHECK(pool.resident_bytes(taken) == 0);
    CHECK(pool.resident_bytes(taken) == 0);
    touch(taken, 1);
    CHECK(pool.resident_bytes(taken) == page_size());
    touch(taken, 10);
    CHECK(pool.resident_bytes(taken) == 10 * page_size());
    stack const untouched = stacks.take(2 * kib * kib);
    touch(untouched, 300);
    CHECK(pool.resident_bytes(untouched) == 300 * page_size());
  }

  TEST_CASE("trimming takes the pages of stacks at rest and leaves those in use alone") {
    stack_pool pool;
    borrowed_stacks resting(pool);
    stack const used = pool.allocate(64 * kib);
    touch(used, 3);
    for (int i = 0; i < 5; ++i) touch(resting.take(64 * kib), 2);
    std::vector<stack> const were = resting.stacks;
    resting.give_back();
    for (stack const& each : were) CHECK(pool.resident_bytes(each) == 2 * page_size());
    pool.trim();
    for (stack const& each : were) CHECK(pool.resident_bytes(each) == 0);
    CHECK(pool.resident_bytes(used) == 3 * page_size());
    CHECK(static_cast<char*>(used.top)[-1] == 1);
    CHECK(pool.stats().cached == 5);

    std::set<void*> tops;
    for (stack const& each : were) tops.insert(each.top);
    for (int i = 0; i < 5; ++i) CHECK(tops.erase(resting.take(64 * kib).top) == 1);
    pool.deallocate(used);
  }

  TEST_CASE("stacks that have lost their pages are all used again before new ones are made") {
    stack_pool pool;
    borrowed_stacks kept(pool);
    borrowed_stacks resting(pool);
    // One in each reservation stays in use, so that all of them stay.
    for (int i = 0; i < 50; ++i) {
      kept.take();
      for (int j = 0; j < 9; ++j) resting.take();
    }
    std::set<void*> tops;
    for (stack const& each : resting.stacks) tops.insert(each.top);
    resting.give_back();
    pool.trim();
    CHECK(pool.stats().cached == 450);
    CHECK(pool.stats().warm == 0);
    for (int i = 0; i < 450; ++i) CHECK(tops.erase(resting.take().top) == 1);
    CHECK(pool.stats().cached == 0);
    CHECK(pool.stats().in_use == 500);
  }

  TEST_CASE("trimming unmaps reservations in which no stack is in use") {
    stack_pool pool;
    borrowed_stacks stacks(pool);
    stacks.take_many(1000);
    std::size_t const before = pool.stats().reserved_bytes;
    CHECK(before >= 1000 * 20 * kib);
    stack const kept = stacks.stacks.back();
    stacks.stacks.pop_back();
    stacks.give_back();
    pool.trim();
    stack_pool::statistics const less = pool.stats();
    CHECK(less.reserved_bytes < before);
    CHECK(less.reserved_bytes > 0);
    CHECK(less.in_use == 1);
    touch(kept, 2);
    pool.deallocate(kept);
    pool.trim();
    CHECK(pool.stats().reserved_bytes == 0);
    CHECK(pool.stats().cached == 0);
    touch(stacks.take(), 2);
    CHECK(pool.stats().in_use == 1);
  }

  TEST_CASE("a faulting address in a guard is told to be of the stack above it") {
    stack_pool pool;
    borrowed_stacks stacks(pool);
    for (int i = 0; i < 200; ++i) stacks.take(i % 2 == 0 ? 16 * kib : 128 * kib);
    for (stack const& each : stacks.stacks) {
      for (std::byte* address : {base_of(each) - 1, base_of(each) - page_size()}) {
        stack found;
        CHECK(pool.owns(address, &found));
        CHECK(found.top == each.top);
        CHECK(found.size == each.size);
      }
      CHECK_FALSE(pool.owns(base_of(each), nullptr));
      CHECK_FALSE(pool.owns(static_cast<std::byte*>(each.top) - 1, nullptr));
    }
    int local = 0;
    CHECK_FALSE(pool.owns(&local, nullptr));
    CHECK_FALSE(pool.owns(nullptr, nullptr));
    CHECK_FALSE(pool.owns(reinterpret_cast<void*>(~std::uintptr_t{0}), nullptr));
    void const* const guard_page = base_of(stacks.stacks[0]) - 1;
    CHECK(pool.owns(guard_page, nullptr));
    stacks.give_back();
    pool.trim();
    CHECK_FALSE(pool.owns(guard_page, nullptr));
  }

  TEST_CASE("stacks that threads take, fill, exchange and give back are nobody else's meanwhile") {
    stack_pool pool;
    constexpr int threads = 4;
    std::vector<int> spoilt(threads);
    std::vector<std::thread> users;
    for (int thread = 0; thread < threads; ++thread) {
      users.emplace_back([&pool, &spoilt, thread] {
        std::vector<stack> mine;
        auto const last_words = [](stack const& of) { return static_cast<char*>(of.top) - 64; };
        for (int round = 0; round < 300; ++round) {
          while (mine.size() < 16) {
            mine.push_back(pool.allocate(mine.size() % 2 == 0 ? 16 * kib : 32 * kib));
            std::memset(last_words(mine.back()), thread, 64);
          }
          while (mine.size() > std::size_t(round % 16)) {
            char const expected = static_cast<char>(thread);
            if (*last_words(mine.back()) != expected) ++spoilt[static_cast<std::size_t>(thread)];
            pool.deallocate(mine.back());
            mine.pop_back();
          }
          if (round % 50 == thread) pool.trim();
        }
        for (stack const& each : mine) pool.deallocate(each);
      });
    }
    for (std::thread& user : users) user.join();
    CHECK(spoilt == std::vector<int>(threads));
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().unguarded == 0);
  }
}
