// At which points a fault injector is asked, and what comes of what it does there.

#include <memory>
#include <stdexcept>
#include <thread>

#include "process/fault_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using shop::desk;

namespace {

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
      bool armed = false;
      injector.act = [&armed](fault_point) {
        if (armed) throw std::runtime_error{"injected"};
      };
      injector.fails = [&armed] { return armed; };
      const auto ends_with = [&armed](const spawned& victim, std::string_view reason) {
        CHECK(reason_of(victim).to_string() == reason);
        armed = false;
      };
      ends_with(spawn_monitor([&armed] {
                  const waits_at_its_end waits;
                  armed = true;
                  exit("thrown");
                }),
                "thrown");
      ends_with(spawn_monitor([&armed, held = waits_at_its_end{}] {
                  armed = true;
                  exit("at the end of its body");
                }),
                "at the end of its body");
      const spawned killed = spawn_monitor([&armed] {
        const waits_at_its_end waits;
        try {
          next<shop::boom>();
        } catch (...) {
          armed = true;
          receive([](shop::boom) {}, after(0s, [] {}));  // it is unwound here again
        }
      });
      settle();
      exit(killed.process, "out");
      ends_with(killed, "out");
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

  TEST_CASE("a runtime without an injector is the same after one with it") {
    with_injector([](scripted&) {});
    in_virtual_time([] {
      detail::observe_children(true);
      const pid served = start<desk>().process();
      CHECK(call(served, shop::ask{}) == 0);
    });
  }
}
