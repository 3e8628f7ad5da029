#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/victim_pool.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

pid process(std::uint64_t number) {
  return pid::from_value(number);
}

std::string path_of(std::uint64_t number) {
  return "root/w-" + std::to_string(number);
}

void let_begin(victim_pool& pool, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t number = from; number <= to; ++number) pool.began(process(number), path_of(number), false);
}

std::vector<std::string> all_of(victim_pool& pool) {
  dice by{1};
  std::vector<std::string> paths;
  for (const auto& each : pool.draw(pool.size(), by)) paths.push_back(each.path);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

TEST_SUITE("victim pool") {
  TEST_CASE("those who live and match are in it") {
    victim_pool pool{{.paths = {"root/w-*"}, .except = {"root/w-2"}, .of = chaos_victims::kind::worker}};
    let_begin(pool, 1, 3);
    pool.began(process(4), "root/w-4", true);
    pool.began(process(5), "root/other", false);
    CHECK(all_of(pool) == std::vector<std::string>{"root/w-1", "root/w-3"});
    pool.ended(process(1));
    pool.ended(process(2));
    pool.ended(process(99));
    CHECK(all_of(pool) == std::vector<std::string>{"root/w-3"});
    pool.began(process(6), "root/w-1", false);
    CHECK(all_of(pool) == std::vector<std::string>{"root/w-1", "root/w-3"});
  }

  TEST_CASE("ends in any order leave the others in it, with their own processes") {
    victim_pool pool{{}};
    let_begin(pool, 1, 50);
    std::set<std::uint64_t> living;
    for (std::uint64_t number = 1; number <= 50; ++number) living.insert(number);
    dice by{5};
    while (!living.empty()) {
      const auto gone = std::next(living.begin(), static_cast<std::ptrdiff_t>(by.below(living.size())));
      pool.ended(process(*gone));
      living.erase(gone);
      REQUIRE(pool.size() == living.size());
      std::set<std::uint64_t> drawn;
      for (const auto& each : pool.draw(100, by)) {
        CHECK(each.path == path_of(each.process.value()));
        drawn.insert(each.process.value());
      }
      REQUIRE(drawn == living);
    }
    CHECK(pool.draw(1, by).empty());
  }

  TEST_CASE("those that are drawn at once are different ones, each as likely") {
    victim_pool pool{{}};
    let_begin(pool, 1, 10);
    dice by{6};
    std::map<std::string, int> counts;
    constexpr int draws = 10'000;
    for (int i = 0; i < draws; ++i) {
      std::set<std::string> different;
      for (const auto& each : pool.draw(3, by)) different.insert(each.path);
      REQUIRE(different.size() == 3);
      for (const auto& each : different) ++counts[each];
    }
    CHECK(counts.size() == 10);
    for (const auto& each : counts) {
      INFO(each.first);
      CHECK(each.second == doctest::Approx(draws * 0.3).epsilon(0.05));
    }
    CHECK(pool.draw(10, by).size() == 10);
    CHECK(pool.draw(11, by).size() == 10);
    CHECK(pool.draw(0, by).empty());
  }

  TEST_CASE("a share of those who live is rounded up") {
    chaos_fault fault;
    fault.count = 4;
    CHECK(victims_at_once(fault, 1000) == 4);
    fault.share = 10;
    CHECK(victims_at_once(fault, 0) == 0);
    CHECK(victims_at_once(fault, 1) == 1);
    CHECK(victims_at_once(fault, 10) == 1);
    CHECK(victims_at_once(fault, 11) == 2);
    CHECK(victims_at_once(fault, 1000) == 100);
    fault.share = 100;
    CHECK(victims_at_once(fault, 7) == 7);
    fault.share = 1.5;
    CHECK(victims_at_once(fault, 100) == 2);
  }
}
