#include <chrono>
#include <cstddef>
#include <cstdint>

#include <doctest/doctest.h>
#include <sys/mman.h>

#include <coppice/scheduling/huge_pages.hpp>

using namespace coppice::scheduling;
using namespace std::chrono_literals;

namespace {

int small_ones_before_a_huge_one(huge_page_policy& policy) {
  int small = 0;
  while (!policy.next_is_huge()) ++small;
  return small;
}

}  // namespace

TEST_SUITE("huge_pages") {
  TEST_CASE("pages are huge while the system has them at hand") {
    huge_page_policy policy;
    for (int i = 0; i < 100; ++i) {
      CHECK(policy.next_is_huge());
      policy.took(200us);
    }
  }

  TEST_CASE("after a slow one they are small for a while, which is twice as long each time, up to a limit") {
    huge_page_policy policy;
    for (const int expected : {8, 16, 32, 64, 128, 256, 512, 1024, 1024}) {
      policy.took(5ms);
      CHECK(small_ones_before_a_huge_one(policy) == expected);
    }
  }

  TEST_CASE("a quick one makes the next while short again") {
    huge_page_policy policy;
    policy.took(5ms);
    CHECK(small_ones_before_a_huge_one(policy) == 8);
    policy.took(200us);
    policy.took(5ms);
    CHECK(small_ones_before_a_huge_one(policy) == 8);
  }

  TEST_CASE("either kind lies at a multiple of its size, is zero, and may be written to its end") {
    for (auto* const map : {map_huge_page, map_small_pages}) {
      auto* const made = static_cast<std::byte*>(map());
      CHECK(reinterpret_cast<std::uintptr_t>(made) % huge_page == 0);
      CHECK(made[huge_page - 1] == std::byte{0});
      made[huge_page - 1] = std::byte{1};
      CHECK(munmap(made, huge_page) == 0);
    }
  }
}
