#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/process/small_table.hpp>
#include <coppice/scheduling/splitmix.hpp>

namespace {

using coppice::reference;
using table = coppice::detail::small_table<reference, int>;

reference ref(std::uint64_t number) {
  return reference::from_value(number);
}

}  // namespace

TEST_CASE("a small table finds what it was given, few entries or many") {
  for (const std::uint64_t count : {1, 8, 9, 1'000}) {
    CAPTURE(count);
    table values;
    for (std::uint64_t i = 1; i <= count; ++i) CHECK(values.insert_or_assign(ref(i), static_cast<int>(i)));
    CHECK(values.size() == count);
    for (std::uint64_t i = 1; i <= count; ++i) {
      REQUIRE(values.find(ref(i)) != nullptr);
      CHECK(*values.find(ref(i)) == static_cast<int>(i));
    }
    CHECK(values.find(ref(count + 1)) == nullptr);
    CHECK(!values.insert_or_assign(ref(1), -1));
    CHECK(*values.find(ref(1)) == -1);
    CHECK(values.size() == count);
  }
}

TEST_CASE("a table that expects many entries makes room for them once") {
  table values;
  values.insert(ref(1), 1);
  values.reserve(1'000);
  const std::size_t room = values.bytes();
  for (std::uint64_t i = 2; i <= 1'000; ++i) values.insert(ref(i), static_cast<int>(i));
  CHECK(values.bytes() == room);
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    REQUIRE(values.find(ref(i)) != nullptr);
    CHECK(*values.find(ref(i)) == static_cast<int>(i));
  }

  table few;
  few.reserve(8);
  CHECK(few.bytes() == 0);
}

TEST_CASE("a table that had many entries does not keep the room of them all") {
  constexpr std::uint64_t many = 100'000;
  for (const bool at_once : {false, true}) {
    CAPTURE(at_once);
    table values;
    for (std::uint64_t i = 1; i <= many; ++i) values.insert(ref(i), static_cast<int>(i));
    const std::size_t most = values.bytes();
    if (at_once) {
      CHECK(values.erase_if([](reference key, int) { return key.value() <= many - 10; }) == many - 10);
    } else {
      for (std::uint64_t i = 1; i <= many - 10; ++i) CHECK(values.erase(ref(i)));
    }
    CHECK(values.bytes() < most / 20);
    CHECK(values.size() == 10);
    for (std::uint64_t i = many - 9; i <= many; ++i) {
      REQUIRE(values.find(ref(i)) != nullptr);
      CHECK(*values.find(ref(i)) == static_cast<int>(i));
    }
  }
}

TEST_CASE("a small table does what a map does, whatever is put in and taken out") {
  table values;
  std::map<std::uint64_t, int> expected;
  std::uint64_t draw = 7;
  for (int step = 0; step < 20'000; ++step) {
    draw += coppice::scheduling::splitmix_step;
    const std::uint64_t drawn = coppice::scheduling::splitmix(draw);
    // Up to some hundreds, and down to none again.
    const std::uint64_t key = 1 + drawn % 300;
    const bool grows = (step / 1'000) % 2 == 0;
    if ((drawn >> 32U) % 4 != 0 ? grows : !grows) {
      CHECK(values.insert_or_assign(ref(key), step) == expected.insert_or_assign(key, step).second);
    } else {
      CHECK(values.erase(ref(key)) == (expected.erase(key) != 0));
    }
    REQUIRE(values.size() == expected.size());
  }
  std::map<std::uint64_t, int> found;
  values.for_each([&found](reference key, int value) { found.emplace(key.value(), value); });
  CHECK(found == expected);
  CHECK(values.erase_if([](reference key, int) { return key.value() % 2 == 0; }) ==
        std::erase_if(expected, [](const auto& each) { return each.first % 2 == 0; }));
  for (const auto& [key, value] : expected) CHECK(values.find(ref(key)) != nullptr);
  CHECK(values.size() == expected.size());
}

TEST_CASE("a small table can be walked in the order of its keys, few entries or many") {
  constexpr std::uint64_t prime = 1'009;
  for (const std::uint64_t count : {0, 1, 2, 8, 9, 1'000}) {
    CAPTURE(count);
    table values;
    for (std::uint64_t i = 1; i <= count; ++i) values.insert(ref(i * 7 % prime), static_cast<int>(i));
    std::vector<std::uint64_t> walked;
    values.for_each_in_order([&](reference key, int value) {
      CHECK(key.value() == static_cast<std::uint64_t>(value) * 7 % prime);
      walked.push_back(key.value());
    });
    CHECK(walked.size() == count);
    CHECK(std::is_sorted(walked.begin(), walked.end()));
  }
}

TEST_CASE("a small table lets go of what it is told to forget") {
  coppice::detail::small_table<reference, std::shared_ptr<int>> values;
  const auto shared = std::make_shared<int>(1);
  for (std::uint64_t i = 1; i <= 20; ++i) values.insert(ref(i), shared);
  for (std::uint64_t i = 1; i <= 20; ++i) CHECK(values.erase(ref(i)));
  CHECK(shared.use_count() == 1);
}
