// Where an injector lets allocations fail, nothing is half done.

#include <functional>
#include <new>

#include "process/fault_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using shop::desk;

TEST_SUITE("failing allocation") {
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

  TEST_CASE("a reply for which there is no room ends the server, and its caller is told") {
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
      settle();
      injector.fails = [] { return true; };
      const reference idle = monitor(start<patient>().process());
      spawn([victim] { exit(victim.process, "out"); });
      CHECK(reason_of(victim).to_string() == "out");
      CHECK(reason_of(of_watching) == exit_reason::normal());
      CHECK(reason_of(idle) == exit_reason::normal());
    });
  }
}
