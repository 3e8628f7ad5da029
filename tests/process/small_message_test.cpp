// Messages of a few words, which travel in registers, and those just too large for that.

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include <coppice/process/small_message.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

struct word_and_byte {
  std::uint64_t word;
  std::uint8_t byte;
  friend bool operator==(const word_and_byte&, const word_and_byte&) = default;
};
struct odd_bytes {
  std::array<char, 5> bytes;
  friend bool operator==(const odd_bytes&, const odd_bytes&) = default;
};
template <std::size_t count>
struct words {
  std::array<std::uint64_t, count> of;
  friend bool operator==(const words&, const words&) = default;
};
struct alignas(16) aligned {
  std::uint64_t word;
  friend bool operator==(const aligned&, const aligned&) = default;
};
struct nothing_at_all {};
struct moved_only {
  explicit moved_only(int of) : number{of} {}
  moved_only(moved_only&&) = default;
  moved_only& operator=(moved_only&&) = default;
  int number;
};

template <class T>
void comes_as_it_went(const T& sent) {
  send(self(), sent);
  CHECK(next<T>() == sent);
}

struct number {
  int of;
};

}  // namespace

TEST_SUITE("small message") {
  TEST_CASE("what is trivially copied and no more than three words is a small message") {
    CHECK(detail::words_of<bool> == 1);
    CHECK(detail::words_of<nothing_at_all> == 1);
    CHECK(detail::words_of<odd_bytes> == 1);
    CHECK(detail::words_of<word_and_byte> == 2);
    CHECK(detail::words_of<words<3>> == 3);
    CHECK(detail::words_of<words<4>> == 0);
    CHECK(detail::words_of<aligned> == 0);
    CHECK(detail::words_of<std::string> == 0);
  }

  TEST_CASE("a message arrives as it was sent, small or not") {
    in_runtime({.threads = 1}, [] {
      comes_as_it_went(true);
      comes_as_it_went('x');
      comes_as_it_went(-2.5);
      comes_as_it_went(self());
      comes_as_it_went(odd_bytes{{'a', 'b', 'c', 'd', 'e'}});
      comes_as_it_went(word_and_byte{0x0123456789abcdef, 0x5a});
      comes_as_it_went(words<1>{{1}});
      comes_as_it_went(words<2>{{1, 2}});
      comes_as_it_went(words<3>{{1, 2, 3}});
      comes_as_it_went(words<4>{{1, 2, 3, 4}});
      comes_as_it_went(aligned{7});
      comes_as_it_went(std::string{"text"});
      send(self(), nothing_at_all{});
      next<nothing_at_all>();
      send(self(), moved_only{3});
      CHECK(next<moved_only>().number == 3);
    });
  }

  TEST_CASE("a small message to a dead process does nothing") {
    in_runtime({.threads = 1}, [] {
      const spawned gone = spawn_monitor([] {});
      reason_of(gone.ref);
      send(gone.process, number{1});
      send(pid{}, number{1});
    });
  }

  TEST_CASE("a flood to two processes by turns arrives at each in its order") {
    on_one_thread_and_on_four([] {
      constexpr int many = 20'000;
      const auto counts = [main = self()] {
        bool is_in_order = true;
        for (int i = 0; i < many; ++i) is_in_order = next<number>().of == i && is_in_order;
        send(main, is_in_order);
      };
      const pid left = spawn(counts);
      const pid right = spawn(counts);
      // From a thread that is none of the scheduler's, which never lets them have their turn.
      std::thread{[left, right] {
        for (int i = 0; i < many; ++i) {
          send(left, number{i});
          send(right, number{i});
        }
      }}.join();
      CHECK(next<bool>());
      CHECK(next<bool>());
    });
  }
}
