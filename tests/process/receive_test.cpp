#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/process_info.hpp>
#include <coppice/process/timer.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct one {};
struct two {};
struct three {};

// 200 KB, by value.
struct large {
  std::array<std::uint64_t, 25'600> words;
};

struct alignas(64) over_aligned {
  int value;
};

struct alignas(4096) page_aligned {
  int value;
};

struct counts_ends {
  int* ends;
  explicit counts_ends(int& counter) : ends{&counter} {}
  counts_ends(counts_ends&& other) noexcept : ends{std::exchange(other.ends, nullptr)} {}
  counts_ends& operator=(counts_ends&&) = delete;
  ~counts_ends() {
    if (ends != nullptr) ++*ends;
  }
};

}  // namespace

TEST_SUITE("receive") {
  TEST_CASE("after 0 looks through the queue once and does not wait (S7)") {
    on_one_thread_and_on_four([] {
      CHECK(receive([](int) { return "message"; }, after(0s, [] { return "nothing"; })) == std::string{"nothing"});
      send(self(), one{});
      send(self(), 5);
      CHECK(receive([](int) { return "message"; }, after(0s, [] { return "nothing"; })) == std::string{"message"});
      CHECK(receive([](int) { return "message"; }, after(0s, [] { return "nothing"; })) == std::string{"nothing"});
      CHECK(has_queued<one>());
    });
  }

  TEST_CASE("queue order decides, not the order of the clauses (S8)") {
    on_one_thread_and_on_four([] {
      send(self(), 1);
      send(self(), 2);
      send(self(), 3);
      const auto is = [](int wanted) { return [wanted](int got) { return got == wanted; }; };
      CHECK(receive(when(is(2), [](int got) { return got; }), when(is(1), [](int got) { return got; })) == 1);
      send(self(), two{});
      send(self(), one{});
      CHECK(receive([](one) { return 1; }, [](two) { return 2; }) == 2);
    });
  }

  TEST_CASE("what no clause matches keeps its place (S9)") {
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 10; ++i) send(self(), i);
      std::vector<int> taken;
      for (int i = 0; i < 5; ++i) {
        taken.push_back(receive(when([](int got) { return got % 2 == 1; }, [](int got) { return got; })));
      }
      for (int i = 0; i < 5; ++i) taken.push_back(next<int>());
      CHECK(taken == std::vector<int>{1, 3, 5, 7, 9, 0, 2, 4, 6, 8});
    });
  }

  TEST_CASE("a message that came while it waited for another is still there (S9)") {
    on_one_thread_and_on_four([] {
      spawn([main = self()] {
        send(main, one{});
        send(main, two{});
        send(main, three{});
      });
      next<three>();
      CHECK(has_queued<two>());
      CHECK(has_queued<one>());
    });
  }

  TEST_CASE("a negative time is timeout_value (S10)") {
    on_one_thread_and_on_four([] {
      CHECK(fails_with("timeout_value", [] { receive([](int) {}, after(-1ms, [] {})); }));
      CHECK(fails_with("timeout_value", [] { sleep(-1ns); }));
    });
  }

  TEST_CASE("after acts when its time has passed without a match, whatever else has come") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      send_after(100ms, self(), one{});
      send_after(200ms, self(), one{});
      CHECK(receive([](two) { return false; }, after(250ms, [] { return true; })));
      CHECK(monotonic_time() - start == 250ms);
      CHECK(has_queued<one>());
      CHECK(has_queued<one>());
    });
  }

  TEST_CASE("receive returns what its clause returns, as the common type of all") {
    on_one_thread_and_on_four([] {
      send(self(), 5);
      const auto value = receive([](int got) { return got; }, [](one) { return 0.5; }, after(0s, [] { return 7L; }));
      static_assert(std::is_same_v<decltype(value), const double>);
      CHECK(value == 5.0);
      static_assert(std::is_void_v<decltype(receive([](int) {}))>);
    });
  }

  TEST_CASE("a clause matches exactly its type") {
    on_one_thread_and_on_four([] {
      send(self(), 5L);
      send(self(), 5U);
      send(self(), 5);
      CHECK(receive([](int) { return true; }));
      CHECK(has_queued<long>());
      CHECK(has_queued<unsigned>());
    });
  }

  TEST_CASE("a guard is asked about messages of its type only, and does not take them by asking") {
    on_one_thread_and_on_four([] {
      send(self(), std::string{"text"});
      send(self(), 1);
      send(self(), 2);
      std::vector<int> asked;
      const auto guard = [&asked](int got) {
        asked.push_back(got);
        return got == 2;
      };
      receive(when(guard, [](int) {}));
      CHECK(asked == std::vector<int>{1, 2});
      CHECK(has_queued<int>());
    });
  }

  TEST_CASE("a clause of message takes what nobody else does, and tells what it is") {
    on_one_thread_and_on_four([] {
      send(self(), one{});
      send(self(), 17);
      int seen = 0;
      for (int i = 0; i < 2; ++i) {
        receive([](std::string&) {},
                [&seen](message other) {
                  if (int* number = other.get_if<int>()) seen = *number;
                  CHECK((other.is<one>() || other.text().find("17") != std::string::npos));
                });
      }
      CHECK(seen == 17);
    });
  }

  TEST_CASE("text in quotes arrives as a std::string") {
    on_one_thread_and_on_four([] {
      send(self(), "quoted");
      const char* pointer = "pointed to";
      send(self(), pointer);
      CHECK(next<std::string>() == "quoted");
      CHECK(next<std::string>() == "pointed to");
    });
  }

  TEST_CASE("a message of 200 KB arrives whole") {
    on_one_thread_and_on_four([] {
      const pid doubles = spawn([main = self()] {
        // By reference: it would not fit on the stack.
        receive([main](large& got) {
          for (auto& each : got.words) each *= 2;
          send(main, std::move(got));
        });
      });
      const auto sent = std::make_unique<large>();
      for (std::size_t i = 0; i < sent->words.size(); ++i) sent->words[i] = i;
      send(doubles, *sent);
      bool right = true;
      receive([&right](large& got) {
        for (std::size_t i = 0; i < got.words.size(); ++i) right = right && got.words[i] == 2 * i;
      });
      CHECK(right);
    });
  }

  TEST_CASE("a message that can only be moved is moved through") {
    on_one_thread_and_on_four([] {
      auto owned = std::make_unique<int>(5);
      const int* const address = owned.get();
      const pid relay = spawn([main = self()] { send(main, next<std::unique_ptr<int>>()); });
      send(relay, std::move(owned));
      const auto back = next<std::unique_ptr<int>>();
      CHECK(back.get() == address);
    });
  }

  TEST_CASE("a message lies where its alignment wants it") {
    on_one_thread_and_on_four([] {
      for (int i = 0; i < 20; ++i) {
        send(self(), over_aligned{i});
        send(self(), page_aligned{i});
        receive([i](over_aligned& got) {
          CHECK(reinterpret_cast<std::uintptr_t>(&got) % 64 == 0);
          CHECK(got.value == i);
        });
        receive([i](page_aligned& got) {
          CHECK(reinterpret_cast<std::uintptr_t>(&got) % 4096 == 0);
          CHECK(got.value == i);
        });
      }
    });
  }

  TEST_CASE("each message is destroyed once, taken or not") {
    int ends = 0;
    in_runtime({.threads = 1}, [&ends] {
      const pid dead = dead_process();
      send(dead, counts_ends{ends});
      CHECK(ends == 1);
      send(self(), counts_ends{ends});
      receive([](counts_ends&) {});
      CHECK(ends == 2);
      send(self(), counts_ends{ends});
      receive([](counts_ends) {});
      CHECK(ends == 3);
      const pid never_takes = spawn([] { next<one>(); });
      send(never_takes, counts_ends{ends});
      exit(never_takes, "out");
      await_end_of(never_takes);
      CHECK(ends == 4);
      send(self(), counts_ends{ends});
    });
    CHECK(ends == 5);
  }

  TEST_CASE("a clause may itself receive") {
    on_one_thread_and_on_four([] {
      send(self(), one{});
      send(self(), two{});
      send(self(), three{});
      const int taken = receive([](two) { return receive([](three) { return 3; }, [](one) { return 1; }); });
      CHECK(taken == 1);
      CHECK(has_queued<three>());
    });
  }

  TEST_CASE("what a clause throws leaves receive, and the message is gone") {
    on_one_thread_and_on_four([] {
      send(self(), 5);
      CHECK_THROWS_AS(receive([](int) { throw std::runtime_error{"thrown"}; }), std::runtime_error);
      CHECK_FALSE(has_queued<int>());
    });
  }

  TEST_CASE("sleep takes its time, and leaves the queue alone") {
    in_virtual_time([] {
      const auto start = monotonic_time();
      send(self(), one{});
      sleep(90s);
      CHECK(monotonic_time() - start == 90s);
      CHECK(has_queued<one>());
    });
  }
}
