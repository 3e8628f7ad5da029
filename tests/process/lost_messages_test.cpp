// The observer is told of what comes to nothing.

#include <coppice/process/process_table.hpp>

#include "process/fault_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;
using shop::desk;

TEST_SUITE("lost messages") {
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

      // Handled, and then the server was killed at rest.
      const pid idle = start<desk>().process();
      const reference resting = monitor(idle);
      cast(idle, shop::note{});
      settle();
      exit(idle, exit_reason::kill());
      reason_of(resting);
      CHECK(observer.lost() == texts{});

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
      // Somebody who had looked at the slot before its process ended pushes after another one has moved in.
      const pid dead = dead_process();
      pid successor;
      while (!successor || detail::slot_of(successor) != detail::slot_of(dead)) successor = spawn(echo_loop);
      CHECK(detail::process_table::push_to_slot(
          detail::make_envelope<shop::note>(dead, detail::envelope_kind::message, pid{}, reference{}, shop::note{})));
      CHECK(answers(successor));
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
      bool throws = true;
      const auto call_in_vain = [&throws](detail::server_address whom, auto request) {
        if (!throws) {
          try_call<int>(whom, request, 1s);
          return;
        }
        try {
          call<int>(whom, request, 1s);
        } catch (const exit_exception&) {
          return;
        }
      };
      const pid served = start<desk>({.name = "desk"}).process();
      call_in_vain(served, shop::ask{});
      CHECK(observer.failed().empty());
      call_in_vain(served, shop::later{});
      call_in_vain("desk", shop::boom{});
      call_in_vain("desk", shop::ask{});
      call_in_vain(served, shop::ask{});
      call_in_vain(self(), shop::ask{});
      CHECK(observer.failed() ==
            texts{"timeout", "desk std::runtime_error: boom", "nobody desk noproc", "noproc", "calling_self"});
      throws = false;
      call_in_vain("desk", shop::ask{});
      CHECK(observer.failed().back() == "nobody desk noproc");
    });
  }
}
