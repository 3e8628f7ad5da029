#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>

#include "process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

using names = std::vector<std::string>;

std::string refusal_of(std::string_view name, pid process) {
  try {
    register_name(name, process);
  } catch (const error& refused) {
    return refused.reason() == exit_reason{"badarg"} ? refused.what() : "another reason";
  }
  return "none";
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("registry") {
  TEST_CASE("a process can be sent to by its name, and found") {
    on_one_thread_and_on_four([] {
      register_name("main", self());
      CHECK(whereis("main") == self());
      CHECK(process_info(self(), info::registered_name)->registered_name == "main");
      send("main", 1);
      CHECK(next<int>() == 1);
    });
  }

  TEST_CASE("registering fails with badarg for a name that is taken, and says by whom (S46)") {
    on_one_thread_and_on_four([] {
      register_name("main", self());
      const std::string refused = refusal_of("main", spawn(echo_loop));
      CHECK(contains(refused, "\"main\""));
      CHECK(contains(refused, to_string(self())));
      CHECK(whereis("main") == self());
      // Also when the process is the same.
      CHECK(contains(refusal_of("main", self()), "\"main\""));
    });
  }

  TEST_CASE("registering fails with badarg for a process that has a name, and says which (S46)") {
    on_one_thread_and_on_four([] {
      register_name("first", self());
      CHECK(contains(refusal_of("second", self()), "\"first\""));
      CHECK_FALSE(whereis("second"));
    });
  }

  TEST_CASE("registering fails with badarg for a dead process (S46)") {
    on_one_thread_and_on_four([] {
      const pid dead = dead_process();
      CHECK(contains(refusal_of("dead", dead), to_string(dead)));
      CHECK(contains(refusal_of("nobody", pid{}), "no process"));
      CHECK_FALSE(whereis("dead"));
      CHECK(registered().empty());
    });
  }

  TEST_CASE("undefined and the empty text are no names (S46)") {
    on_one_thread_and_on_four([] {
      CHECK(contains(refusal_of("undefined", self()), "cannot be a name"));
      CHECK(contains(refusal_of("", self()), "cannot be a name"));
      CHECK(registered().empty());
    });
  }

  TEST_CASE("unregistering an unknown name fails with badarg (S47)") {
    on_one_thread_and_on_four([] { CHECK(fails_with("badarg", [] { unregister_name("nobody"); })); });
  }

  TEST_CASE("any process may take any name away, and who lost it may have another (S47)") {
    on_one_thread_and_on_four([] {
      register_name("main", self());
      reason_of_end([] { unregister_name("main"); });
      CHECK_FALSE(whereis("main"));
      register_name("other", self());
      CHECK(registered() == names{"other"});
    });
  }

  TEST_CASE("whereis of an unknown name is a false pid (S47)") {
    on_one_thread_and_on_four([] { CHECK(whereis("nobody") == pid{}); });
  }

  TEST_CASE("registered gives all names, sorted") {
    on_one_thread_and_on_four([] {
      for (const char* const name : {"pear", "apple", "fig"}) register_name(name, spawn(echo_loop));
      CHECK(registered() == names{"apple", "fig", "pear"});
    });
  }

  TEST_CASE("a name is free again when the DOWN of its holder has come (S48)") {
    on_one_thread_and_on_four([] {
      for (int round = 0; round < 1000; ++round) {
        const spawned holder = spawn_monitor([] { register_name("wanted", self()); });
        reason_of(holder);
        // Throws if it is not.
        register_name("wanted", self());
        unregister_name("wanted");
      }
    });
  }

  TEST_CASE("of many that want a name at once one gets it") {
    on_one_thread_and_on_four([] {
      constexpr int rivals = 50;
      std::vector<reference> ends;
      for (int i = 0; i < rivals; ++i) {
        ends.push_back(spawn_monitor([main = self()] {
                         bool won = true;
                         try {
                           register_name("wanted", self());
                         } catch (const error&) {
                           won = false;
                         }
                         send(main, won);
                         next<std::string>();
                       }).ref);
      }
      int winners = 0;
      for (int i = 0; i < rivals; ++i) winners += next<bool>() ? 1 : 0;
      CHECK(winners == 1);
      CHECK(is_alive(whereis("wanted")));
    });
    CHECK(registered().empty());
  }

  TEST_CASE("of many names that a process is to get at once it gets one, and whoever is refused is told which (S46)") {
    on_one_thread_and_on_four([] {
      constexpr int rivals = 50;
      const pid wanted = spawn(echo_loop);
      for (int i = 0; i < rivals; ++i) {
        spawn([main = self(), name = "n" + std::to_string(i), wanted] {
          try {
            register_name(name, wanted);
            send(main, name);
          } catch (const error& refused) {
            send(main, refused);
          }
        });
      }
      names given;
      std::vector<std::string> refusals;
      for (int i = 0; i < rivals; ++i) {
        receive([&](const std::string& name) { given.push_back(name); },
                [&](const error& refused) { refusals.emplace_back(refused.what()); });
      }
      REQUIRE(given.size() == 1);
      CHECK(whereis(given.front()) == wanted);
      CHECK(registered() == given);
      for (const auto& each : refusals) CHECK(contains(each, "has the name \"" + given.front() + "\" already"));
    });
    CHECK(registered().empty());
  }
}
