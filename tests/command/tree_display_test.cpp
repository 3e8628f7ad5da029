#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/command/tree_display.hpp>

using namespace coppice;
using namespace coppice::command;
using namespace std::chrono_literals;

namespace {

tree_event event(tree_event::kind what, std::string path, std::uint64_t incarnation, std::chrono::nanoseconds time,
                 const char* reason = "normal", child_type type = child_type::worker) {
  return {what, std::move(path), incarnation, exit_reason{reason}, pid::from_value(1), type, time};
}

constexpr auto started = tree_event::kind::started;
constexpr auto exited = tree_event::kind::exited;

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A supervisor with a hundred workers, up.
struct pool {
  supervisor_spec root;
  tree_display display;

  explicit pool(bool colour = false) : root{make()}, display{root, 1s, colour} {
    std::vector<tree_event> all;
    for (int i = 1; i <= 100; ++i) all.push_back(event(started, "root/calc-" + std::to_string(i), 1, 1s));
    all.push_back(event(started, "root", 1, 1s + 2500us, "normal", child_type::supervisor));
    up = display.lines(all);
  }

  static supervisor_spec make() {
    supervisor_spec made;
    made.id = "root";
    made.max_restarts = 3;
    worker_spec worker;
    worker.id = "calc";
    worker.count = 100;
    made.children.push_back({worker});
    return made;
  }

  std::string up;
};

}  // namespace

TEST_SUITE("tree display") {
  TEST_CASE("the start of a large tree is one line") {
    CHECK(pool{}.up == "    0.003 s  up         root is up: 100 workers and 1 supervisor in 2.5 ms\n");
  }

  TEST_CASE("an end and a restart are one line each, with the life and the time between") {
    pool one;
    const std::string text = one.display.lines(
        std::vector{event(exited, "root/calc-7", 1, 4s, "badarith"), event(started, "root/calc-7", 2, 4s + 120us)});
    const std::string who = "root/calc-7 " + to_string(pid::from_value(1));
    CHECK(text == "    3.000 s  exited     " + who + ": badarith\n" + "    3.000 s  restarted  " + who +
                      ", its 2nd life, gone for 0.12 ms\n");
  }

  TEST_CASE("many ends of siblings for the same reason are one line, and so are their restarts") {
    pool one;
    std::vector<tree_event> events;
    for (int i = 1; i <= 50; ++i) events.push_back(event(exited, "root/calc-" + std::to_string(i), 1, 4s, "killed"));
    for (int i = 1; i <= 50; ++i) events.push_back(event(started, "root/calc-" + std::to_string(i), 2, 4s + 3ms));
    CHECK(one.display.lines(events) ==
          "    3.000 s  exited     root/*: 50 workers, killed\n"
          "    3.003 s  restarted  root/*: 50 workers, gone for 3.0 ms at most\n");
  }

  TEST_CASE("while a large tree shuts down, only ends that stand out are shown") {
    pool one;
    CHECK(one.display.line(4s, "stopping", "(SIGINT): 101 processes") ==
          "    3.000 s  stopping   (SIGINT): 101 processes\n");
    CHECK(one.display.lines(std::vector{event(exited, "root/calc-7", 1, 4s, "shutdown")}).empty());
    CHECK(lines_in(one.display.lines(std::vector{event(exited, "root/calc-8", 1, 4s, "killed")})) == 1);
  }

  TEST_CASE("a give-up names the budget") {
    pool one;
    CHECK(one.display.lines(std::vector{event(tree_event::kind::restart_limit, "root", 0, 4s)}) ==
          "    3.000 s  gave up    root: more than 3 restarts within 5 s\n");
  }

  TEST_CASE("what a terminal would obey in a reason is shown instead") {
    pool one;
    const std::string text = one.display.lines(std::vector{event(exited, "root/calc-7", 1, 4s, "\033[2Jgone\n")});
    CHECK(text.find('\033') == std::string::npos);
    CHECK(lines_in(text) == 1);
  }

  TEST_CASE("colours begin and end on their line") {
    pool one{true};
    const std::string text = one.display.lines(std::vector{event(exited, "root/calc-7", 1, 4s, "badarith")});
    CHECK(text.find("\033[31mexited   \033[0m") != std::string::npos);
  }

  TEST_CASE("lives are counted in words") {
    pool one;
    for (const auto& [number, word] :
         {std::pair{2U, "2nd"}, {3U, "3rd"}, {4U, "4th"}, {11U, "11th"}, {12U, "12th"}, {21U, "21st"}}) {
      const std::string text = one.display.lines(std::vector{event(started, "root/calc-7", number, 4s)});
      CHECK(text.find(std::string{"its "} + word + " life") != std::string::npos);
    }
  }
}
