#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/tree_fixture.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "chaos/till.hpp"
#include "process/process_testing.hpp"
#include "tree/temporary_directory.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using coppice::testing::captured_log;

namespace {

constexpr const char* shop_file = R"({
  "id": "shop", "max_restarts": 3, "children": [
    {"id": "till", "start": "till"}, {"id": "spare", "start": "till"}]})";

// What went wrong, the first line of it, or nothing.
std::string verdict(const std::function<void(tree_fixture&)>& body, const test_options& options = {}) {
  const auto failure = test_with_seed(7, body, options);
  return failure ? failure->text.substr(0, failure->text.find('\n')) : std::string{};
}

void passes(const std::function<void(tree_fixture&)>& body,
            coppice::source_place where = coppice::source_place::current()) {
  const auto failure = test_with_seed(7, body, {}, where);
  CHECK_MESSAGE(!failure.has_value(), where.line() << ": " << (failure ? failure->text : ""));
}

}  // namespace

TEST_SUITE("tree fixture") {
  TEST_CASE("the body of a test is a process, and the parent of the trees that it plants") {
    passes([](tree_fixture& test) {
      const pid root = test.plant(shop());
      CHECK(process_info(root, info::parent)->parent == self());
      CHECK(test.get("root") == root);
      exit(root, exit_reason::shutdown());
      test.expect_down(root, "shutdown");
    });
  }

  TEST_CASE("a process of a tree is found by its path, below supervisors without a path of their own too") {
    passes([](tree_fixture& test) {
      const pid root = test.plant(shop());
      CHECK(test.get("root/a") == which_children(root).back().process);
      CHECK(test.get("root/pool/c") == which_children(test.get("root/pool")).front().process);
      CHECK_FALSE(test.find("root/z").has_value());
    });
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.get("root/z");
          }) == "expected a process at root/z; there live root root/a root/b root/pool root/pool/c");
  }

  TEST_CASE("a failure is told with its place and what had happened") {
    unsigned line = 0;
    const auto failure = test_with_seed(7, [&line](tree_fixture& test) {
      test.plant(shop());
      test.advance(1500us);
      test.cut("root/b", "boom");
      test.expect_restart("root/b");
      line = coppice::source_place::current().line() + 1;
      test.expect_restart("root/b");
    });
    REQUIRE(failure.has_value());
    CHECK(failure->where.line() == line);
    CHECK(std::string{failure->where.file_name()}.ends_with("tree_fixture_test.cpp"));
    CHECK(failure->text.substr(0, failure->text.find("\nreports:")) ==
          "expected a restart of root/b after its incarnation 2 within 60 s; there live root root/a root/b root/pool "
          "root/pool/c\n"
          "what had happened:\n"
          "      0.000 ms started root/a 1\n"
          "      0.000 ms started root/b 1\n"
          "      0.000 ms started root/pool/c 1\n"
          "      0.000 ms started root/pool 1\n"
          "      0.000 ms started root 1\n"
          "      1.500 ms exited root/b 1 boom\n"
          "      1.500 ms started root/b 2");
    CHECK(failure->text.find("Restart 1 of 3 within 5 s") != std::string::npos);
  }

  TEST_CASE("nothing is run behind an expectation that fails") {
    bool went_on = false;
    CHECK_FALSE(verdict([&went_on](tree_fixture& test) {
                  test.expect_message<sold>();
                  went_on = true;
                }).empty());
    CHECK_FALSE(went_on);
  }

  TEST_CASE("expect_message takes the first message of its type, or fails at its limit") {
    passes([](tree_fixture& test) {
      test.plant(shop());
      const pid till = test.get("root/a");
      cast(till, tell_me{self()});
      for (const int price : {1, 2, 3}) cast(till, sell{price});
      CHECK(test.expect_message<sold>([](const sold& each) { return each.price == 2; }).price == 2);
      CHECK(test.expect_message<sold>().price == 1);
      send_after(10s, self(), 5);
      CHECK(test.expect_message<int>(10s) == 5);
    });
    CHECK(verdict([](tree_fixture& test) { test.expect_message<sold>(); }) ==
          "expected a message chaos_tests::sold within 60 s; in the queue: nothing");
    CHECK(verdict([](tree_fixture& test) {
            send(self(), 5);
            send_after(1501ms, self(), sold{3});
            test.expect_message<sold>(1500ms);
          }) == "expected a message chaos_tests::sold within 1500 ms; in the queue: int 5");
    CHECK(verdict([](tree_fixture& test) {
            send(self(), 5);
            test.expect_message<int>([](int each) { return each != 5; });
          }) == "expected a message int that the guard takes within 60 s; in the queue: int 5");
  }

  TEST_CASE("expect_down knows the end of a process that has ended before, and its reason") {
    passes([](tree_fixture& test) {
      test.plant(shop());
      const pid till = test.get("root/a");
      test.cut("root/a");
      test.advance(1h);
      test.expect_down(till, "killed");
      test.expect_down(till, exit_reason::killed());
      const pid other = test.get("root/b");
      cast(other, sell{0});
      test.expect_down(other, "std::runtime_error: no price");
    });
  }

  TEST_CASE("expect_down fails when the process lives on, and for another reason") {
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.expect_down(test.get("root/a"), 3s);
          }).ends_with(" (root/a) within 3 s; it lives"));
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.expect_down(test.cut("root/a", "boom"), "bang");
          }).ends_with("with bang; it ended with boom"));
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.expect_down(test.cut("root/a", "boom"), exit_reason::killed());
          }).ends_with("with killed; it ended with boom"));
  }

  TEST_CASE("expect_restart gives the successor of a process, and of what was cut at a path") {
    passes([](tree_fixture& test) {
      test.plant(shop(strategy::one_for_all));
      const pid a = test.get("root/a");
      const pid b = test.get("root/b");
      test.cut("root/a");
      const pid second = test.expect_restart("root/a");
      CHECK(test.get("root/a") == second);
      const pid successor = test.expect_restart(a);
      CHECK(successor == second);
      const pid of_b = test.expect_restart(b);
      CHECK(of_b == test.get("root/b"));
      test.cut("root/b");
      const pid third = test.expect_restart("root/b");
      CHECK(third == test.get("root/b"));
      CHECK(third != of_b);
      // By its path, what was never cut has its restarts seen one after the other.
      const pid c = test.expect_restart("root/pool/c");
      CHECK_FALSE(is_alive(c));
      const pid last = test.expect_restart("root/pool/c");
      CHECK(last == test.get("root/pool/c"));
    });
  }

  TEST_CASE("expect_restart fails when there is none, and for who has never lived") {
    CHECK(verdict([](tree_fixture& test) {
            test.plant({.flags = {.max_restarts = 0}, .children = {child("a")}});
            test.cut("root/a");
            test.expect_restart("root/a", 10s);
          }) == "expected a restart of root/a after its incarnation 1 within 10 s; nobody lives");
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.expect_restart("root/z");
          }).starts_with("expected a restart of root/z, where nobody has ever lived; there live root "));
    CHECK(verdict([](tree_fixture& test) { test.expect_restart(self()); }).ends_with("has never been in a tree"));
  }

  TEST_CASE("cut hits as an exit signal does, and fails where nobody lives") {
    passes([](tree_fixture& test) {
      test.plant(shop());
      // A supervisor ignores the exit signals of strangers, but not kill.
      const pid pool = test.cut("root/pool", "boom");
      test.advance(1s);
      CHECK(is_alive(pool));
      CHECK(test.cut(pool) == pool);
      test.expect_restart(pool);
    });
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.cut("root/z");
          }).starts_with("expected a process at root/z; there live root "));
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            test.expect_restart(test.cut("root/a"));
            test.cut("root/a");
            test.cut("root/a");
          }).ends_with("to live, to be cut; it has ended"));
  }

  TEST_CASE("advance does all that is due by then, and nothing later") {
    passes([](tree_fixture& test) {
      int fired = 0;
      for (const auto due : {1s, 2s, 3s}) {
        spawn([&fired, due] {
          sleep(due);
          ++fired;
        });
      }
      test.advance(2s);
      CHECK(fired == 2);
      CHECK(monotonic_time() == 2s);
      test.advance(0s);
      CHECK(fired == 2);
    });
  }

  TEST_CASE("eventually waits for what comes true when something is due, its limit included") {
    passes([](tree_fixture& test) {
      bool done = false;
      spawn([&done] {
        sleep(3s);
        done = true;
      });
      test.eventually([&done] { return done; }, 3s);
      CHECK(monotonic_time() == 3s);
      test.eventually([] { return true; }, 0s);
      CHECK(monotonic_time() == 3s);
      test.advance(5s);
    });
    CHECK(verdict([](tree_fixture& test) { test.eventually([] { return monotonic_time() > 3s; }, 3s); }) ==
          "expected to come true within 3 s, and did not");
  }

  TEST_CASE("a wait leaves no message of its own behind") {
    passes([](tree_fixture& test) {
      int asked = 0;
      test.eventually([&asked] { return ++asked == 2; }, 1s);
      const auto left = receive([](message&) { return true; }, after(5s, [] { return false; }));
      CHECK_FALSE(left);
    });
  }

  TEST_CASE("a tree from a file is tested like one in C++, and its starts can be made to fail") {
    const tests::temporary_directory files;
    const std::string path = files.write("shop.json", shop_file);
    passes([&path](tree_fixture& test) {
      test.plant(path, workers());
      test.take_events();
      test.fail_next_starts("shop/till", 1);
      test.expect_restart(test.cut("shop/till", "boom"));
      CHECK(test.take_events() == std::vector<std::string>{"exited shop/till 1 boom", "start_failed shop/till injected",
                                                           "started shop/till 2"});
      CHECK(test.take_events().empty());
    });
    const std::string wrong = files.write("wrong.json", R"({"id": "shop", "children": [{"id": "till"}]})");
    CHECK(verdict([&wrong](tree_fixture& test) { test.plant(wrong, workers()); }) == "the tree file has faults:");
  }

  TEST_CASE("a tree that does not start fails the test, with the reason") {
    CHECK(verdict([](tree_fixture& test) {
            child_spec bad = child("a");
            bad.start = [] { return start_result::failed(exit_reason{"no_money"}); };
            test.plant({.children = {bad}});
          }) == "the tree root did not start: {shutdown,{failed_to_start_child,a,no_money}}");
  }

  TEST_CASE("the trees of a test are ended in reverse order, at its end at the latest") {
    const std::vector<std::string> reversed{"exited second/a 1 shutdown", "exited second 1 shutdown",
                                            "exited first 1 shutdown"};
    std::vector<std::string> ends;
    passes([&](tree_fixture& test) {
      test.plant({.path = "first"});
      test.plant({.children = {child("a")}, .path = "second"});
      test.take_events();
      test.end_trees();
      CHECK(test.take_events() == reversed);
    });
    passes([&ends](tree_fixture& test) {
      const pid root = test.plant(shop());
      spawn([&ends, root] {
        monitor(root);
        receive([&ends](const down& ended) { ends.push_back(ended.reason.to_string()); });
      });
    });
    CHECK(ends == std::vector<std::string>{"shutdown"});
  }

  TEST_CASE("a process that a tree leaves behind fails the test; one that the test left does not") {
    passes([](tree_fixture& test) {
      test.plant(shop());
      spawn([] { receive([](sold) {}); });
    });
    CHECK(verdict([](tree_fixture& test) {
            test.plant(shop());
            cast(test.get("root/a"), leave_behind{});
            test.advance(0s);
          }).starts_with("processes that the trees have left behind at their end: <0."));
  }

  TEST_CASE("a test whose body crashes fails with the reason") {
    CHECK(verdict([](tree_fixture&) { throw std::runtime_error{"oops"}; }) ==
          "the test ended with std::runtime_error: oops");
    CHECK(verdict([](tree_fixture&) { exit("lost"); }) == "the test ended with lost");
  }

  TEST_CASE("a test that waits for what never comes fails") {
    CHECK(verdict([](tree_fixture&) { receive([](sold) {}); }, {.longest = 90s}) ==
          "the test has not ended within 90 s of virtual time: it waits for what does not come");
  }

  TEST_CASE("what is reported in a run is told when it fails, and the log is as before") {
    const captured_log log;
    const auto failure = test_with_seed(1, [](tree_fixture& test) {
      report(log_level::warning, self(), "the till is empty");
      test.fail("so it is");
    });
    REQUIRE(failure.has_value());
    CHECK(failure->text == "so it is\nreports:\n  the till is empty");
    CHECK(log.text().empty());
    report(log_level::warning, {}, "afterwards");
    CHECK(log.tells("afterwards"));
  }

  TEST_CASE("an observer beside the test's own is refused") {
    class idle final : public process_observer {
      void process_ended(pid, pid, const exit_reason&) noexcept override {}
    } observer;
    CHECK_THROWS_AS(test_with_seed(1, [](tree_fixture&) {}, {.runtime = {.observer = &observer}}),
                    std::invalid_argument);
  }

  TEST_CASE("a seed gives the same run each time") {
    const auto order = [](std::uint64_t seed) {
      std::vector<int> drawn;
      test_with_seed(seed, [&drawn](tree_fixture& test) {
        for (int i = 0; i < 8; ++i) spawn([&drawn, i] { drawn.push_back(i); });
        test.advance(0s);
      });
      return drawn;
    };
    CHECK(order(3) == order(3));
    CHECK(order(3) != order(4));
  }
}
