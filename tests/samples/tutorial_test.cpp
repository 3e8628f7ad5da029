#include "../../samples/tutorial/tutorial.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/process/timer.hpp>

#include "process/process_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> five_lines{"test 1 return", "test 2 return", "test 3 return", "test 4 return",
                                          "test 5 return"};

/// Runs a chapter in virtual time; returns what it printed.
template <class Chapter>
std::string printed_by(Chapter chapter) {
  std::ostringstream printed;
  tutorial::console out{printed};
  in_virtual_time([&] { chapter(out); });
  return printed.str();
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("tutorial") {
  TEST_CASE("five calls one after another take five seconds") {
    const std::string printed = printed_by([](tutorial::console& out) {
      const tutorial::timed_lines result = tutorial::run_synchronously(out);
      CHECK(result.took == 5s);
      CHECK(result.lines == five_lines);
    });
    CHECK(holds(printed, "one after another: 5.000 s"));
  }

  TEST_CASE("five processes take one second together") {
    const std::string printed = printed_by([](tutorial::console& out) {
      tutorial::timed_lines result = tutorial::run_concurrently(out);
      CHECK(result.took == 1s);
      std::sort(result.lines.begin(), result.lines.end());
      CHECK(result.lines == five_lines);
    });
    CHECK(holds(printed, "all at once: 1.000 s"));
  }

  TEST_CASE("who spawns a process goes on at once") {
    const std::string printed = printed_by([](tutorial::console& out) {
      const auto begun = monotonic_time();
      tutorial::spawn_one(out);
      CHECK(monotonic_time() - begun == 1s);
    });
    CHECK(printed.find("(this line is printed while it runs)") < printed.find("test 2 return"));
  }

  TEST_CASE("a message to oneself is received") {
    const std::string printed = printed_by([](tutorial::console& out) {
      CHECK(tutorial::send_to_self(out) == "message to Raymond");
      CHECK_FALSE(has_queued<std::string>());
    });
    CHECK(holds(printed, "message to Raymond"));
  }

  TEST_CASE("an empty mailbox is waited for as long as `after` says") {
    const std::string printed = printed_by([](tutorial::console& out) {
      const auto begun = monotonic_time();
      CHECK(tutorial::wait_in_vain(out));
      CHECK(monotonic_time() - begun == 5s);
    });
    CHECK(holds(printed, "no message in mailbox"));
  }

  TEST_CASE("{msg, 10} becomes 100") {
    const std::string printed =
        printed_by([](tutorial::console& out) { CHECK(tutorial::square_of_a_message(out) == 100); });
    CHECK(holds(printed, "msg{10}"));
    CHECK(holds(printed, "\n100\n"));
  }

  TEST_CASE("the calculator says 0, 150 and 75") {
    const std::string printed = printed_by([](tutorial::console& out) {
      CHECK(tutorial::calc_session(out) == std::vector<double>{0, 150, 75});
    });
    CHECK(holds(printed, "\n150\n"));
    CHECK(holds(printed, "\n75\n"));
  }

  TEST_CASE("a hundred idle calculators do nothing") {
    printed_by([](tutorial::console& out) {
      tutorial::idle_pool result = tutorial::watch_idle_pool(out);
      CHECK(result.watched == 1s);
      CHECK(result.reductions == 0);
      std::sort(result.pool.begin(), result.pool.end());
      CHECK(std::unique(result.pool.begin(), result.pool.end()) == result.pool.end());
      CHECK(result.pool.size() == 100);
    });
  }

  TEST_CASE("process_info tells memory, name, messages and links") {
    const std::string printed = printed_by([](tutorial::console& out) {
      const tutorial::look_inside found = tutorial::inspect(out);
      CHECK(found.memory_of_server < 1024);
      CHECK(found.memory_of_loop >= 4096);
      CHECK(found.waiter.registered_name == "waiter");
      CHECK(found.waiter.memory >= 4096);
      CHECK(found.waiter.messages == std::vector<std::string>{"msg{10}"});
      CHECK(found.waiter.links == std::vector<pid>{self()});
    });
    CHECK(holds(printed, "registered_name: waiter"));
  }

  TEST_CASE("the whole walk takes what its chapters take, and leaves nothing behind") {
    const std::string printed = printed_by([](tutorial::console& out) {
      const std::size_t before = processes().size();
      const auto begun = monotonic_time();
      tutorial::walk(out);
      CHECK(monotonic_time() - begun == 1s + 5s + 1s + 1s + 5s + 1s);
      sleep(1ms);
      CHECK(processes().size() == before);
    });
    const std::vector<std::string> in_order{"sync_fn(\"test 1\")",
                                            "one after another",
                                            "test 2 return",
                                            "all at once",
                                            "message to Raymond",
                                            "no message in",
                                            "\n100\n",
                                            "\n150\n",
                                            "\n75\n",
                                            "CPU time",
                                            "links: "};
    std::size_t place = 0;
    for (const std::string& each : in_order) {
      place = printed.find(each, place);
      REQUIRE_MESSAGE(place != std::string::npos, each);
    }
  }
}
