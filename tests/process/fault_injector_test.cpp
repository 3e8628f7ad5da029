// What a fault injector is asked, of whom, and what comes of what it does.

#include <functional>
#include <map>
#include <memory>
#include <new>
#include <thread>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "process/process_testing.hpp"

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& each : lines) all += "\n    " + each;
    return all.c_str();
  }
};

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace shop {

struct note {
  int number = 0;
};
struct ask {
  using reply = int;
};
struct later {
  using reply = int;
};
struct listen {};
struct boom {};
struct finish {};
struct unknown {};

/// Notes numbers; `listen` receives one in its handler; `later` is never answered.
class desk : public server<desk, note, ask, later, listen, boom, finish> {
 public:
  explicit desk(std::vector<std::string>* told = nullptr) : told_{told} { tell("made"); }
  desk(const desk&) = delete;
  desk& operator=(const desk&) = delete;
  ~desk() override { tell("destroyed"); }

  void handle(note taken) {
    sum_ += taken.number;
    tell("note");
  }
  int handle(ask /*asked*/) {
    tell("ask");
    return sum_;
  }
  void handle(later /*asked*/, const from<int>& /*whom*/) {}
  void handle(listen /*told*/) {
    receive([this](note taken) { sum_ += taken.number; });
  }
  void handle(boom /*told*/) { throw std::runtime_error{"boom"}; }
  void handle(finish /*told*/) { stop(); }
  void terminate(const exit_reason& reason) { tell("terminate " + reason.to_string()); }

 private:
  void tell(std::string what) {
    if (told_ != nullptr) told_->push_back(std::move(what));
  }

  std::vector<std::string>* told_;
  int sum_ = 0;
};

}  // namespace shop

namespace {

using texts = std::vector<std::string>;
using shop::desk;

/// Writes down where it was asked, and does what the test says.
class scripted final : public fault_injector {
 public:
  void at(fault_point point, std::string_view what) override {
    texts_.push_back(std::string{to_string(point)} + (what.empty() ? "" : " ") + std::string{what});
    if (act) act(point);
  }
  std::chrono::nanoseconds delay(pid to) noexcept override { return delays ? delays(to) : 0ns; }
  bool fails_allocation() noexcept override { return fails && fails(); }

  texts take() { return std::exchange(texts_, {}); }

  /// Does `what` when it is next asked at `where`, once.
  void once(fault_point where, std::function<void()> what) {
    act = [this, where, what = std::move(what)](fault_point point) {
      if (point != where) return;
      const auto now = what;
      act = nullptr;
      now();
    };
  }

  std::function<void(fault_point)> act;
  std::function<std::chrono::nanoseconds(pid)> delays;
  std::function<bool()> fails;

 private:
  texts texts_;
};

/// Writes down what was lost and which calls failed.
class mourner final : public process_observer {
 public:
  void process_ended(pid, pid, const exit_reason&) noexcept override {}
  void message_lost(pid to, std::string_view type) noexcept override {
    const std::lock_guard hold{lock_};
    lost_.push_back(std::string{type} + (to ? "" : " to nobody"));
  }
  void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept override {
    const std::lock_guard hold{lock_};
    failed_.push_back((server ? "" : "nobody ") + std::string{name} + (name.empty() ? "" : " ") + reason.to_string());
  }
  texts lost() {
    const std::lock_guard hold{lock_};
    return std::exchange(lost_, {});
  }
  texts failed() {
    const std::lock_guard hold{lock_};
    return std::exchange(failed_, {});
  }

 private:
  std::mutex lock_;
  texts lost_;
  texts failed_;
};

/// In virtual time, in a main whose children may be harmed and which traps exits.
template <class Body>
void with_injector(Body body) {
  for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
    scripted injector;
    runtime_options options{.threads = 1, .virtual_time = true, .faults = &injector};
    if (seed != 0) options.seed = seed;
    in_runtime(options, [&] {
      process_flag(trap_exit, true);
      detail::observe_children(true);
      body(injector);
    });
  }
}

void kill_self() {
  exit(self(), exit_reason::kill());
}

struct way {
  const char* name;
  void (*act)();
  const char* reason;
};
constexpr way ways[] = {
    {"kill", kill_self, "killed"},
    {"throw", [] { throw std::runtime_error{"injected"}; }, "std::runtime_error: injected"},
    {"exit", [] { exit("injected"); }, "injected"},
};

/// Lets all that can happen without time happen.
void settle() {
  await_idle();
}

}  // namespace

TEST_SUITE("fault_injector") {
  TEST_CASE("a server comes to the points of its life, with the types of its messages") {
    with_injector([](scripted& injector) {
      const pid served = start_link<desk>().process();
      CHECK(injector.take() == texts{"init_begins", "init_ends"});
      cast(served, shop::note{1});
      call(served, shop::ask{});
      CHECK(injector.take() == texts{"handler_begins shop::note", "handler_ends shop::note", "handler_begins shop::ask",
                                     "handler_ends shop::ask"});
      stop_server(served);
      CHECK(injector.take() == texts{"handler_begins coppice::detail::stop_request",
                                     "handler_ends coppice::detail::stop_request", "terminate_begins",
                                     "terminate_ends"});
    });
  }

  TEST_CASE("a function comes to its begin, to each receive and sleep, and to its end") {
    with_injector([](scripted& injector) {
      const spawned function = spawn_monitor([] {
        next<shop::note>();
        sleep(1s);
      });
      send(function.process, shop::note{});
      reason_of(function);
      CHECK(injector.take() == texts{"init_begins", "receive", "receive", "init_ends"});
    });
  }

  TEST_CASE("a receive in a handler is a point too") {
    with_injector([](scripted& injector) {
      const pid served = start_link<desk>().process();
      cast(served, shop::listen{});
      send(served, shop::note{4});
      CHECK(call(served, shop::ask{}) == 4);
      const texts seen = injector.take();
      CHECK(std::count(seen.begin(), seen.end(), "receive") == 1);
    });
  }

  TEST_CASE("who drives a test, and whom nobody supervises, is not asked about") {
    with_injector([](scripted& injector) {
      detail::observe_children(false);
      injector.delays = [](pid) { return 1h; };
      injector.fails = [] { return true; };
      const pid served = start_link<desk>().process();
      reason_of_end([] { sleep(1s); });
      const auto before = monotonic_time();
      CHECK(call(served, shop::ask{}) == 0);
      CHECK(monotonic_time() == before);
      CHECK(injector.take().empty());
    });
  }

  TEST_CASE("what happens at init is a failed start with that reason, and frees the name") {
    for (const auto point : {fault_point::init_begins, fault_point::init_ends}) {
      for (const way& each : ways) {
        INFO(to_string(point) << " " << each.name);
        with_injector([&](scripted& injector) {
          injector.once(point, [&] {
            CHECK(whereis("desk") == self());
            each.act();
          });
          const start_result failed = start_link<desk>({.name = "desk"});
          CHECK(failed.is_failed());
          CHECK(failed.error().to_string() == each.reason);
          CHECK_FALSE(whereis("desk"));
          CHECK(start_link<desk>({.name = "desk"}));
        });
      }
    }
  }

  TEST_CASE("what is thrown at a handler ends the server as a handler's would, with terminate; a kill ends it there") {
    for (const auto point : {fault_point::handler_begins, fault_point::handler_ends}) {
      for (const way& each : ways) {
        INFO(to_string(point) << " " << each.name);
        with_injector([&](scripted& injector) {
          texts told;
          const pid served = start<desk>(&told).process();
          const reference watched = monitor(served);
          injector.once(point, each.act);
          exit_reason why;
          try {
            call(served, shop::ask{});
            CHECK_MESSAGE(false, "a reply was sent");
          } catch (const exit_exception& failed) {
            why = failed.reason.elements().front();
          }
          CHECK(why.to_string() == each.reason);
          CHECK(reason_of(watched).to_string() == each.reason);
          texts expected{"made"};
          if (point == fault_point::handler_ends) expected.emplace_back("ask");
          if (each.act != kill_self) expected.push_back("terminate " + std::string{each.reason});
          expected.emplace_back("destroyed");
          CHECK(told == expected);
        });
      }
    }
  }

  TEST_CASE("what happens at terminate becomes the reason") {
    for (const auto point : {fault_point::terminate_begins, fault_point::terminate_ends}) {
      for (const way& each : ways) {
        INFO(to_string(point) << " " << each.name);
        with_injector([&](scripted& injector) {
          texts told;
          const pid served = start<desk>(&told).process();
          const reference watched = monitor(served);
          injector.once(point, each.act);
          cast(served, shop::boom{});
          CHECK(reason_of(watched).to_string() == each.reason);
          const bool terminated = std::count(told.begin(), told.end(), "terminate std::runtime_error: boom") == 1;
          CHECK(terminated == (point == fault_point::terminate_ends));
          CHECK(told.back() == "destroyed");
        });
      }
    }
  }

  TEST_CASE("what happens at a receive leaves that receive, with the message still in the queue") {
    with_injector([](scripted& injector) {
      std::string caught;
      const spawned function = spawn_monitor([&caught] {
        try {
          next<shop::note>();
        } catch (const std::runtime_error& what) {
          caught = what.what();
        }
        CHECK(next<shop::note>().number == 7);
      });
      injector.once(fault_point::receive, [] { throw std::runtime_error{"injected"}; });
      send(function.process, shop::note{7});
      CHECK(reason_of(function) == exit_reason::normal());
      CHECK(caught == "injected");
    });
  }

  TEST_CASE("an injector may wait, receive and send where it is asked, and is not asked about that") {
    with_injector([](scripted& injector) {
      const pid served = start_link<desk>().process();
      injector.take();
      injector.fails = [] { return true; };
      injector.act = [](fault_point) {
        send(self(), shop::unknown{});
        next<shop::unknown>();
        sleep(3s);
      };
      const auto before = monotonic_time();
      cast(served, shop::note{1});
      sleep(1h);
      CHECK(injector.take() == texts{"handler_begins shop::note", "handler_ends shop::note"});
      injector.act = nullptr;
      injector.fails = nullptr;
      CHECK(call(served, shop::ask{}) == 1);
      CHECK(monotonic_time() - before == 1h);
    });
  }

  TEST_CASE("a handler that gives its message away comes to its end none the less") {
    class keeps : public server<keeps> {
     public:
      void handle_info(message& other) { const message kept{std::move(other)}; }
    };
    with_injector([](scripted& injector) {
      const pid served = start_link<keeps>().process();
      injector.take();
      cast(served, shop::note{});
      settle();
      CHECK(injector.take() == texts{"handler_begins shop::note", "handler_ends shop::note"});
    });
  }

  TEST_CASE("nobody is harmed while a destructor runs, or when he is to end anyway") {
    struct waits_at_its_end {
      ~waits_at_its_end() {
        receive([](shop::note) {}, after(0s, [] {}));
        send(self(), shop::note{});
      }
    };
    with_injector([](scripted& injector) {
      const spawned unwound = spawn_monitor([] {
        const waits_at_its_end waits;
        next<shop::note>();
      });
      const spawned destroyed = spawn_monitor([held = std::make_shared<waits_at_its_end>()] { throw 1; });
      settle();
      injector.act = [](fault_point) { throw std::runtime_error{"injected"}; };
      injector.fails = [] { return true; };
      exit(unwound.process, "out");
      CHECK(reason_of(unwound).to_string() == "out");
      CHECK(reason_of(destroyed).thrown() != nullptr);
    });
  }

  TEST_CASE("a process ends exactly where it has killed itself, or where it looks whether others have") {
    with_injector([](scripted& injector) {
      const pid served = start<desk>().process();
      const reference watched = monitor(served);
      bool went_on = false;
      bool was_there = false;
      injector.once(fault_point::handler_begins, [&] {
        // From outside: nothing of it is seen before the process waits, or looks.
        std::thread{[served] { exit(served, exit_reason::kill()); }}.join();
        was_there = true;
        detail::unwind_if_killed();
        went_on = true;
      });
      cast(served, shop::note{});
      CHECK(reason_of(watched) == exit_reason::killed());
      CHECK(was_there);
      CHECK_FALSE(went_on);
    });
    with_injector([](scripted&) {
      detail::unwind_if_killed();
      CHECK(is_alive(self()));
    });
  }

  TEST_CASE("a start that takes too long leaves nothing, whatever the injector does to the starter meanwhile") {
    with_injector([](scripted& injector) {
      const spawned starter = spawn_monitor([&injector] {
        process_flag(trap_exit, true);
        detail::observe_children(true);
        injector.act = [starter = self()](fault_point point) {
          if (point == fault_point::init_begins && self() != starter) sleep(1h);
          if (point == fault_point::receive && self() == starter) throw std::runtime_error{"injected"};
        };
        const start_result failed = start_link<desk>({.name = "desk", .timeout = 1s});
        CHECK(failed.error() == exit_reason::timeout());
        CHECK_FALSE(whereis("desk"));
        injector.act = nullptr;
      });
      CHECK(reason_of(starter) == exit_reason::normal());
    });
  }

  // Delays ------------------------------------------------------------------------------------------------------------

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

  // Allocations -------------------------------------------------------------------------------------------------------

  TEST_CASE("an allocation that fails leaves nothing half done, and the next one succeeds") {
    struct act {
      const char* name;
      std::function<void(pid other)> perform;
    };
    const act acts[] = {
        {"send", [](pid other) { send(other, shop::unknown{}); }},
        {"send to a name", [](pid) { send("other", shop::unknown{}); }},
        {"cast", [](pid other) { cast(other, shop::unknown{}); }},
        {"call", [](pid other) { call(other, shop::ask{}); }},
        {"reply",
         [](pid other) {
           reply(from<int>{other, reference::make(), self()}, 3);
         }},
        {"send_after", [](pid other) { send_after(1h, other, shop::unknown{}); }},
        {"send_after to a name", [](pid) { send_after(1h, "other", shop::unknown{}); }},
        {"spawn", [](pid) { spawn([] { sleep(1min); }); }},
        {"spawn_link", [](pid) { spawn_link([] { sleep(1min); }); }},
        {"spawn_monitor", [](pid) { spawn_monitor([] { sleep(1min); }); }},
        {"start", [](pid) { start<desk>(); }},
        {"start_link with a name", [](pid) { start_link<desk>({.name = "desk"}); }},
        {"stop_server", [](pid other) { stop_server(other); }},
        {"link", [](pid other) { link(other); }},
        {"monitor", [](pid other) { monitor(other); }},
        {"monitor of a name", [](pid) { monitor("other"); }},
        {"register_name", [](pid) { register_name("me", self()); }},
        {"receive with a limit", [](pid) { receive([](shop::boom) {}, after(1s, [] {})); }},
        {"sleep", [](pid) { sleep(1s); }},
    };
    for (const act& each : acts) {
      INFO(each.name);
      with_injector([&each](scripted& injector) {
        detail::observe_children(false);
        const pid other = start<desk>({.name = "other"}).process();
        detail::observe_children(true);
        bool failed = false;
        bool succeeded = false;
        int asked = 0;
        const spawned acting = spawn_monitor([&] {
          injector.fails = [&asked] { return ++asked == 1; };
          settle();
          const auto before = count_live_objects();
          try {
            each.perform(other);
          } catch (const std::bad_alloc&) {
            failed = true;
          }
          settle();
          CHECK_MESSAGE(count_live_objects() == before, to_string(count_live_objects())
                                                            << " instead of " << to_string(before));
          each.perform(other);
          succeeded = true;
          injector.fails = nullptr;
        });
        CHECK(reason_of(acting) == exit_reason::normal());
        CHECK(failed);
        CHECK(succeeded);
        CHECK(asked >= 2);
      });
    }
  }

  TEST_CASE("a reply, or the next message to itself, for which there is no room ends the server") {
    with_injector([](scripted& injector) {
      const pid served = start<desk>().process();
      const reference watched = monitor(served);
      injector.fails = [] { return true; };
      CHECK_THROWS_AS(call(served, shop::ask{}), exit_exception);
      CHECK(reason_of(watched).to_string().starts_with("std::bad_alloc"));
    });
  }

  TEST_CASE("exits, ends and time-outs never fail for want of memory") {
    with_injector([](scripted& injector) {
      struct patient : server<patient, timeout> {
        patient() { timeout_after(1s); }
        void handle(timeout) { stop(); }
      };
      const spawned victim = spawn_monitor([] { next<shop::note>(); });
      const pid watching = spawn([victim] {
        process_flag(trap_exit, true);
        link(victim.process);
        CHECK(next<exit_signal>().reason.to_string() == "out");
      });
      const reference of_watching = monitor(watching);
      const reference idle = monitor(start<patient>().process());
      settle();
      injector.fails = [] { return true; };
      spawn([victim] { exit(victim.process, "out"); });
      CHECK(reason_of(victim).to_string() == "out");
      CHECK(reason_of(of_watching) == exit_reason::normal());
      CHECK(reason_of(idle) == exit_reason::normal());
    });
  }

  // What is lost ------------------------------------------------------------------------------------------------------

  TEST_CASE("the observer is told of messages and casts that nobody will handle") {
    mourner observer;
    in_runtime({.threads = 1, .virtual_time = true, .observer = &observer}, [&observer] {
      // In the queue, and in the inbox.
      const spawned function = spawn_monitor([] {
        sleep(1s);
        exit("out");
      });
      send(function.process, shop::note{});
      settle();
      send(function.process, shop::listen{});
      reason_of(function);
      CHECK(observer.lost() == texts{"shop::note", "shop::listen"});

      // To one that is gone, by pid, by name, and by a timer.
      send(function.process, shop::note{});
      cast(function.process, shop::boom{});
      cast("nobody", shop::finish{});
      send_after(1s, "nobody", shop::ask{});
      sleep(2s);
      CHECK(observer.lost() == texts{"shop::note", "shop::boom", "shop::finish to nobody", "shop::ask to nobody"});

      // In the middle of the handler, and behind it; a call is no message.
      const pid served = start<desk>().process();
      const reference watched = monitor(served);
      cast(served, shop::note{});
      cast(served, shop::boom{});
      cast(served, shop::note{});
      spawn([served] { call(served, shop::ask{}); });
      reason_of(watched);
      CHECK(observer.lost() == texts{"shop::boom", "shop::note"});

      // A kill in the middle of a handler.
      const pid again = start<desk>().process();
      cast(again, shop::listen{});
      settle();
      const reference dying = monitor(again);
      exit(again, exit_reason::kill());
      reason_of(dying);
      CHECK(observer.lost() == texts{"shop::listen"});

      // Handled, although it was the last.
      const pid last = start<desk>().process();
      const reference ending = monitor(last);
      cast(last, shop::finish{});
      reason_of(ending);
      CHECK(observer.lost() == texts{});
    });
  }

  TEST_CASE("the library's own messages are not lost, and neither are signals and calls") {
    mourner observer;
    in_runtime({.threads = 1, .virtual_time = true, .observer = &observer}, [&observer] {
      const spawned function = spawn_monitor([] {
        process_flag(trap_exit, true);
        monitor(spawn_link([] {}));
        sleep(1s);
      });
      spawn([to = function.process] { call(to, shop::ask{}); });
      spawn([to = function.process] { stop_server(to); });
      reason_of(function);
      exit(function.process, "out");
      monitor(function.process);
      settle();
      CHECK(observer.lost() == texts{});
    });
  }

  TEST_CASE("a message for a predecessor in the place of a process is lost") {
    mourner observer;
    in_runtime({.threads = 1, .virtual_time = true, .observer = &observer}, [&observer] {
      const pid dead = dead_process();
      send(dead, shop::note{});
      CHECK(observer.lost() == texts{"shop::note"});
    });
  }

  TEST_CASE("a server that was left where it stands has lost what it was handling") {
    class stubborn : public server<stubborn, shop::note> {
     public:
      void handle(shop::note /*taken*/) {
        for (;;) {
          try {
            sleep(1h);
          } catch (...) {  // the mistake
          }
        }
      }
    };
    mourner observer;
    in_runtime({.threads = 1, .virtual_time = true, .observer = &observer}, [&observer] {
      const pid served = start<stubborn>().process();
      cast(served, shop::note{});
      settle();
      const reference watched = monitor(served);
      exit(served, exit_reason::kill());
      reason_of(watched);
      CHECK(observer.lost() == texts{"shop::note"});
    });
  }

  TEST_CASE("the observer is told of each call that comes to nothing, and why") {
    mourner observer;
    in_runtime({.threads = 1, .virtual_time = true, .observer = &observer}, [&observer] {
      const auto try_call = [](detail::server_address whom, auto request) {
        try {
          call<int>(whom, request, 1s);
        } catch (const exit_exception&) {
          return;
        }
      };
      const pid served = start<desk>({.name = "desk"}).process();
      try_call(served, shop::ask{});
      CHECK(observer.failed().empty());
      try_call(served, shop::later{});
      try_call("desk", shop::boom{});
      try_call("desk", shop::ask{});
      try_call(served, shop::ask{});
      try_call(self(), shop::ask{});
      CHECK(observer.failed() ==
            texts{"timeout", "desk std::runtime_error: boom", "nobody desk noproc", "noproc", "calling_self"});
    });
  }

  TEST_CASE("a runtime without an injector is the same after one with it") {
    with_injector([](scripted&) {});
    in_virtual_time([] {
      detail::observe_children(true);
      const pid served = start<desk>().process();
      CHECK(call(served, shop::ask{}) == 0);
    });
  }
}
