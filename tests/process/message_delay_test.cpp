// What an injector delays arrives late, in order, and is not lost sight of.

#include <array>
#include <atomic>
#include <memory>

#include <coppice/process/process_info.hpp>

#include "process/fault_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using shop::desk;

TEST_SUITE("message delay") {
  TEST_CASE("messages, calls and signals arrive as late as the injector says, replies to main at once") {
    with_injector([](scripted& injector) {
      const pid served = start_link<desk>().process();
      injector.delays = [served](pid to) { return to == served ? 10ms : 5h; };
      const auto start = monotonic_time();
      cast(served, shop::note{3});
      CHECK(call(served, shop::ask{}) == 3);
      CHECK(monotonic_time() - start == 10ms);
      const reference watched = monitor(served);
      exit(served, exit_reason::kill());
      CHECK(reason_of(watched) == exit_reason::killed());
      CHECK(monotonic_time() - start == 20ms);
    });
  }

  TEST_CASE("a reply is late when its receiver's things are") {
    with_injector([](scripted& injector) {
      const pid served = start_link<desk>().process();
      const spawned asking = spawn_monitor([served] {
        const auto start = monotonic_time();
        call(served, shop::ask{});
        CHECK(monotonic_time() - start == 7ms);
      });
      injector.delays = [asking](pid to) { return to == asking.process ? 7ms : 0ms; };
      CHECK(reason_of(asking) == exit_reason::normal());
    });
  }

  TEST_CASE("the noproc that is given for a process comes behind what that one had sent") {
    with_injector([](scripted& injector) {
      texts order;
      const pid mortal = spawn([] { next<shop::note>(); });
      const spawned watcher = spawn_monitor([&order, mortal] {
        process_flag(trap_exit, true);
        link(mortal);
        send(mortal, shop::note{});
        sleep(5ms);
        CHECK_FALSE(is_alive(mortal));
        monitor(mortal);
        for (int i = 0; i < 2; ++i) {
          receive([&order](const exit_signal& end) { order.push_back("exit " + end.reason.to_string()); },
                  [&order](const down& end) { order.push_back("down " + end.reason.to_string()); });
        }
      });
      injector.delays = [watcher](pid to) { return to == watcher.process ? 20ms : 0ms; };
      CHECK(reason_of(watcher) == exit_reason::normal());
      CHECK(order == texts{"exit normal", "down noproc"});
    });
  }

  TEST_CASE("nothing overtakes what was sent before, when the delay shrinks and when it goes") {
    with_injector([](scripted& injector) {
      texts order;
      const spawned receiver = spawn_monitor([&order] {
        for (int i = 0; i < 5; ++i) {
          const int number = next<shop::note>().number;
          order.push_back(std::to_string(number) + " at " + std::to_string(monotonic_time() / 1ms));
        }
      });
      std::chrono::nanoseconds delay = 30ms;
      injector.delays = [&delay](pid) { return delay; };
      send(receiver.process, shop::note{1});
      delay = 10ms;
      send(receiver.process, shop::note{2});
      delay = 0ms;
      send(receiver.process, shop::note{3});
      delay = 40ms;
      send(receiver.process, shop::note{4});
      sleep(35ms);
      delay = -5ms;
      send(receiver.process, shop::note{5});
      CHECK(reason_of(receiver) == exit_reason::normal());
      CHECK(order == texts{"1 at 30", "2 at 30", "3 at 30", "4 at 40", "5 at 40"});
    });
  }

  TEST_CASE("what a process sends to itself is not late, and neither is the end of a wait") {
    with_injector([](scripted& injector) {
      injector.delays = [](pid) { return 1h; };
      reason_of_end([] {
        const auto start = monotonic_time();
        send(self(), shop::note{});
        next<shop::note>();
        sleep(1s);
        CHECK(monotonic_time() - start == 1s);
      });
    });
  }

  TEST_CASE("what is under way to one that ends meanwhile is answered as if it had been sent to a dead one") {
    with_injector([](scripted& injector) {
      const auto before = count_live_objects();
      const spawned doomed = spawn_monitor([] { sleep(5ms); });
      settle();
      injector.delays = [](pid) { return 10ms; };
      const auto start = monotonic_time();
      send(doomed.process, shop::note{});
      link(doomed.process);
      const reference watched = monitor(doomed.process);
      std::string why;
      try {
        call(doomed.process, shop::ask{});
      } catch (const exit_exception& failed) {
        why = failed.reason.elements().front().to_string();
      }
      CHECK(why == "noproc");
      CHECK(monotonic_time() - start == 10ms);
      CHECK(next<exit_signal>().reason == exit_reason::noproc());
      CHECK(reason_of(watched) == exit_reason::noproc());
      CHECK(reason_of(doomed) == exit_reason::normal());
      CHECK(count_live_objects() == before);
    });
  }

  TEST_CASE("what is under way counts as envelopes, and the way of it as no timer") {
    with_injector([](scripted& injector) {
      const pid receiver = spawn([] { next<shop::unknown>(); });
      settle();
      const live_objects before = count_live_objects();
      injector.delays = [](pid) { return 1s; };
      for (int i = 0; i < 3; ++i) send(receiver, shop::note{});
      live_objects expected = before;
      expected.envelopes += 3;
      CHECK(count_live_objects() == expected);
      sleep(2s);
      CHECK(count_live_objects() == expected);
      CHECK(process_info(receiver, info::message_queue_len)->message_queue_len == 3);
    });
  }

  TEST_CASE("what is under way when the runtime ends is dropped, with what it holds") {
    const auto held = std::make_shared<int>(1);
    struct parcel {
      std::shared_ptr<int> content;
    };
    scripted injector;
    mourner observer;
    for (const bool is_virtual : {true, false}) {
      injector.delays = [](pid) { return 1h; };
      in_runtime({.threads = 1, .virtual_time = is_virtual, .observer = &observer, .faults = &injector}, [&] {
        detail::observe_children(true);
        const pid receiver = spawn([] { sleep(24h); });
        for (int i = 0; i < 100; ++i) send(receiver, parcel{held});
        CHECK(held.use_count() == 101);
      });
      CHECK(held.use_count() == 1);
      CHECK(observer.lost().size() == 100);
    }
  }

  TEST_CASE("each of several threads is heard in its order, whatever the delays") {
    constexpr int senders = 4;
    constexpr int each = 2000;
    class erratic final : public fault_injector {
     public:
      void at(fault_point, std::string_view) override {}
      std::chrono::nanoseconds delay(pid) noexcept override {
        const auto drawn = next_.fetch_add(1) * 2654435761U % 16;
        return drawn < 8 ? 0us : std::chrono::microseconds{drawn * 20};
      }

     private:
      std::atomic<unsigned> next_{1};
    };
    struct numbered {
      int sender;
      int number;
    };
    erratic injector;
    in_runtime({.threads = 4, .faults = &injector}, [] {
      detail::observe_children(true);
      const spawned receiver = spawn_monitor([] {
        std::array<int, senders> expected{};
        bool in_order = true;
        for (int i = 0; i < senders * each; ++i) {
          const auto got = next<numbered>();
          in_order = in_order && got.number == expected.at(static_cast<std::size_t>(got.sender))++;
        }
        CHECK(in_order);
      });
      for (int sender = 0; sender < senders; ++sender) {
        spawn([to = receiver.process, sender] {
          for (int i = 0; i < each; ++i) {
            send(to, numbered{sender, i});
            if (i % 64 == 0) sleep(0ns);
          }
        });
      }
      CHECK(reason_of(receiver) == exit_reason::normal());
    });
  }
}
