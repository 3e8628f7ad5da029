#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/tree_journal.hpp>

#include "process/process_testing.hpp"
#include "tree/shown_lines.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

// A journal that is told what this test wants, of processes that need not exist.
struct told_journal {
  std::vector<tree_event> events;
  tree_journal journal{[this](const tree_event& event) { events.push_back(event); }};

  lines taken() {
    lines texts;
    for (const auto& each : events) texts.push_back(to_string(each));
    events.clear();
    return texts;
  }

  std::string living() const {
    std::string text;
    for (const auto& [path, life] : journal.living()) {
      text += (text.empty() ? "" : " ") + path + ":" + std::to_string(life.incarnation);
    }
    return text;
  }

  void child_starts(const char* path, pid process, pid supervisor) {
    journal.child_started(path, child_type::worker, process, supervisor);
  }
};

constexpr pid process_number(std::uint64_t number) {
  return pid::from_value(number);
}
constexpr pid nobody{};
constexpr pid root = process_number(1);
constexpr pid pool = process_number(2);
constexpr pid first = process_number(11);
constexpr pid second = process_number(12);
constexpr pid third = process_number(13);

const exit_reason boom{"boom"};

// The journal reads the runtime's clock.
template <class Body>
void with_journal(Body body) {
  in_virtual_time([&body] {
    told_journal told;
    body(told);
  });
}

}  // namespace

TEST_SUITE("tree journal") {
  TEST_CASE("incarnations count the starts of a path, from 1") {
    with_journal([](told_journal& told) {
      told.child_starts("root/a", first, root);
      told.child_starts("root/b", second, root);
      told.journal.process_ended(first, root, boom);
      told.child_starts("root/a", third, root);
      CHECK(told.taken() == lines{"started root/a 1", "started root/b 1", "exited root/a 1 boom", "started root/a 2"});
    });
  }

  TEST_CASE("an incarnation is not used again under another incarnation of the supervisor") {
    with_journal([](told_journal& told) {
      told.child_starts("root/s/a", first, pool);
      told.journal.child_started("root/s", child_type::supervisor, pool, root);
      told.journal.process_ended(first, pool, exit_reason::shutdown());
      told.journal.process_ended(pool, root, exit_reason::shutdown());
      told.child_starts("root/s/a", second, process_number(3));
      CHECK(told.taken().back() == "started root/s/a 2");
    });
  }

  TEST_CASE("a start that fails is no incarnation") {
    with_journal([](told_journal& told) {
      told.journal.child_start_failed("root/a", boom, root);
      told.journal.child_start_failed("root/a", boom, root);
      told.child_starts("root/a", first, root);
      CHECK(told.taken() == lines{"start_failed root/a boom", "start_failed root/a boom", "started root/a 1"});
    });
  }

  TEST_CASE("an end that comes before its supervisor has said that it had started is told after the start") {
    with_journal([](told_journal& told) {
      told.journal.process_ended(first, root, boom);
      CHECK(told.events.empty());
      told.child_starts("root/a", first, root);
      CHECK(told.taken() == lines{"started root/a 1", "exited root/a 1 boom"});
      CHECK(told.living().empty());
    });
  }

  TEST_CASE("the root may have ended before its start is told") {
    with_journal([](told_journal& told) {
      told.journal.process_ended(root, nobody, exit_reason::shutdown());
      told.journal.root_started("root", root);
      CHECK(told.taken() == lines{"started root 1", "exited root 1 shutdown"});
      CHECK(told.living().empty());
    });
  }

  TEST_CASE("the end of a start that failed is not told") {
    with_journal([](told_journal& told) {
      told.journal.process_ended(first, root, boom);
      told.journal.child_start_failed("root/a", boom, root);
      CHECK(told.taken() == lines{"start_failed root/a boom"});
      // No pid is used twice; here it shows that nothing is kept of it.
      told.child_starts("root/a", first, root);
      CHECK(told.taken() == lines{"started root/a 1"});
    });
  }

  TEST_CASE("the end of a start that was ignored is not told") {
    with_journal([](told_journal& told) {
      told.journal.process_ended(first, root, exit_reason::normal());
      told.child_starts("root/b", second, root);
      told.child_starts("root/c", first, root);
      CHECK(told.taken() == lines{"started root/b 1", "started root/c 1"});
    });
  }

  TEST_CASE("what one supervisor says does not touch the early ends of another") {
    with_journal([](told_journal& told) {
      told.journal.process_ended(first, pool, boom);
      told.journal.child_start_failed("root/a", boom, root);
      told.child_starts("root/b", second, root);
      told.child_starts("root/s/a", first, pool);
      CHECK(told.taken() ==
            lines{"start_failed root/a boom", "started root/b 1", "started root/s/a 1", "exited root/s/a 1 boom"});
    });
  }

  TEST_CASE("the early ends of those whose supervisor has ended are forgotten") {
    with_journal([](told_journal& told) {
      SUBCASE("when it had started") {
        told.journal.child_started("root/s", child_type::supervisor, pool, root);
      }
      SUBCASE("when it had not") {}
      told.journal.process_ended(first, pool, boom);
      told.journal.process_ended(pool, root, exit_reason::killed());
      told.events.clear();
      told.child_starts("root/s/a", first, pool);
      CHECK(told.taken() == lines{"started root/s/a 1"});
    });
  }

  TEST_CASE("ends are told in the order in which they happen, a killed supervisor's before its children's") {
    with_journal([](told_journal& told) {
      told.child_starts("root/s/a", first, pool);
      told.child_starts("root/s/b", second, pool);
      told.journal.child_started("root/s", child_type::supervisor, pool, root);
      told.events.clear();
      told.journal.process_ended(pool, root, exit_reason::killed());
      told.journal.process_ended(second, pool, exit_reason::killed());
      told.journal.process_ended(first, pool, exit_reason::killed());
      CHECK(told.taken() == lines{"exited root/s 1 killed", "exited root/s/b 1 killed", "exited root/s/a 1 killed"});
    });
  }

  TEST_CASE("a path that has a new holder keeps it when the old one ends at last") {
    with_journal([](told_journal& told) {
      told.child_starts("root/a", first, root);
      told.child_starts("root/a", second, root);
      told.journal.process_ended(first, root, boom);
      CHECK(told.taken() == lines{"started root/a 1", "started root/a 2", "exited root/a 1 boom"});
      CHECK(told.living() == "root/a:2");
      CHECK(told.journal.find("root/a").value_or(tree_journal::life{}).process == second);
    });
  }

  TEST_CASE("find knows who lives at a path, and nobody else") {
    with_journal([](told_journal& told) {
      told.child_starts("root/a", first, root);
      told.journal.root_started("root", root);
      const auto worker = told.journal.find("root/a").value_or(tree_journal::life{});
      CHECK(worker.process == first);
      CHECK(worker.incarnation == 1);
      CHECK(worker.type == child_type::worker);
      const auto above = told.journal.find("root").value_or(tree_journal::life{});
      CHECK(above.process == root);
      CHECK(above.type == child_type::supervisor);
      CHECK_FALSE(told.journal.find("root/").has_value());
      CHECK_FALSE(told.journal.find("root/b").has_value());
      told.journal.process_ended(first, root, boom);
      CHECK_FALSE(told.journal.find("root/a").has_value());
    });
  }

  TEST_CASE("living has all who live, by path") {
    with_journal([](told_journal& told) {
      CHECK(told.living().empty());
      told.child_starts("root/b", second, root);
      told.child_starts("root/a", first, root);
      told.journal.child_start_failed("root/c", boom, root);
      told.journal.root_started("root", root);
      CHECK(told.living() == "root:1 root/a:1 root/b:1");
      told.journal.process_ended(second, root, boom);
      CHECK(told.living() == "root:1 root/a:1");
      told.child_starts("root/b", third, root);
      CHECK(told.living() == "root:1 root/a:1 root/b:2");
    });
  }

  TEST_CASE("an event says who, of what type, and when by the runtime's clock") {
    with_journal([](told_journal& told) {
      told.journal.child_started("root/s", child_type::supervisor, pool, root);
      sleep(3s);
      told.journal.process_ended(pool, root, boom);
      sleep(2s);
      told.journal.restart_limit_reached("root", root);
      told.journal.root_start_failed("root", boom);
      told.events.resize(4);
      CHECK(told.events[0].process == pool);
      CHECK(told.events[0].type == child_type::supervisor);
      CHECK(told.events[1].process == pool);
      CHECK(told.events[1].type == child_type::supervisor);
      CHECK(told.events[1].time - told.events[0].time == 3s);
      CHECK(told.events[2].time - told.events[1].time == 2s);
      CHECK(told.taken() ==
            lines{"started root/s 1", "exited root/s 1 boom", "restart_limit root", "start_failed root boom"});
    });
  }

  TEST_CASE("without a sink it still knows who lives") {
    in_virtual_time([] {
      tree_journal journal{nullptr};
      journal.root_started("root", root);
      CHECK(journal.living().size() == 1);
    });
  }
}

namespace {

struct leave {};

// Ends at once, or on request.
class brief : public server<brief, leave> {
 public:
  explicit brief(bool at_once) {
    if (at_once) send(self(), leave{});
  }
  void handle(leave /*now*/) { stop(exit_reason{"gone"}); }
};

child_spec permanent(std::string id, start_function start) {
  return {.id = std::move(id), .start = std::move(start)};
}

// Runs `body` with a journal that the runtime and the supervisors of `body` speak to, and returns the events.
template <class Body>
std::vector<tree_event> journal_of(runtime_options options, Body body) {
  std::vector<tree_event> events;
  const auto journal = std::make_shared<tree_journal>([&events](const tree_event& event) { events.push_back(event); });
  options.observer = journal.get();
  in_runtime(options, [&] {
    process_flag(trap_exit, true);
    detail::observe_children(true);
    body(journal);
  });
  return events;
}

lines lines_of(const std::vector<tree_event>& events) {
  lines texts;
  for (const auto& each : events) texts.push_back(to_string(each));
  return texts;
}

}  // namespace

TEST_SUITE("tree journal of a tree") {
  TEST_CASE("a supervisor's start comes after its children's, its end after theirs in reverse order") {
    const auto events = journal_of({.threads = 1, .virtual_time = true}, [](const auto& journal) {
      const auto start = [] { return start_link<brief>(false); };
      const child_spec inner{
          .id = "s",
          .start =
              [journal, start] {
                return start_supervisor({{}, {permanent("a", start), permanent("b", start)}, "root/s", journal});
              },
          .type = child_type::supervisor};
      const start_result started = start_supervisor({{}, {inner, permanent("c", start)}, "root", journal});
      journal->root_started("root", started.process());
      CHECK(journal->living().size() == 5);
      detail::end_process(started.process(), exit_reason::shutdown(), std::nullopt);
      CHECK(journal->living().empty());
    });
    CHECK(lines_of(events) == lines{"started root/s/a 1", "started root/s/b 1", "started root/s 1", "started root/c 1",
                                    "started root 1", "exited root/c 1 shutdown", "exited root/s/b 1 shutdown",
                                    "exited root/s/a 1 shutdown", "exited root/s 1 shutdown",
                                    "exited root 1 shutdown"});
  }

  TEST_CASE("a supervisor whose child does not start has a failed start, and no end") {
    const auto events = journal_of({.threads = 1, .virtual_time = true}, [](const auto& journal) {
      const auto start = [] { return start_link<brief>(false); };
      const auto fail = [] { return start_result::failed(boom); };
      const start_result started =
          start_supervisor({{}, {permanent("a", start), permanent("b", start), permanent("c", fail)}, "root", journal});
      CHECK(started.is_failed());
      journal->root_start_failed("root", started.error());
      CHECK(journal->living().empty());
    });
    CHECK(lines_of(events) == lines{"started root/a 1", "started root/b 1", "start_failed root/c boom",
                                    "exited root/b 1 shutdown", "exited root/a 1 shutdown",
                                    "start_failed root {shutdown,{failed_to_start_child,c,boom}}"});
  }

  TEST_CASE("the limit of restarts is told after the end that provoked it, before the other ends") {
    const auto events = journal_of({.threads = 1, .virtual_time = true}, [](const auto& journal) {
      const auto start = [] { return start_link<brief>(false); };
      const start_result started =
          start_supervisor({{.max_restarts = 0}, {permanent("a", start), permanent("b", start)}, "root", journal});
      journal->root_started("root", started.process());
      cast(journal->find("root/b").value_or(tree_journal::life{}).process, leave{});
      next<exit_signal>();
    });
    CHECK(lines_of(events) == lines{"started root/a 1", "started root/b 1", "started root 1", "exited root/b 1 gone",
                                    "restart_limit root", "exited root/a 1 shutdown", "exited root 1 shutdown"});
  }

  // The ends of children race with what their supervisor says of their starts.
  TEST_CASE("every start of a child that ends at once is told before its end, on several threads too") {
    constexpr unsigned restarts = 500;
    const auto events = journal_of({.threads = 4}, [](const auto& journal) {
      std::vector<child_spec> children;
      for (const char* id : {"a", "b", "c", "d"}) {
        children.push_back(permanent(id, [] { return start_link<brief>(true); }));
      }
      const start_result started = start_supervisor({{.max_restarts = restarts}, std::move(children), "root", journal});
      CHECK(static_cast<bool>(started));
      journal->root_started("root", started.process());
      next<exit_signal>();
      CHECK(journal->living().empty());
    });
    std::map<std::string, std::uint64_t> starts;
    std::map<std::string, std::uint64_t> ends;
    std::size_t out_of_order = 0;
    for (const auto& each : events) {
      if (each.what == tree_event::kind::started && ++starts[each.path] != each.incarnation) ++out_of_order;
      if (each.what == tree_event::kind::exited && ++ends[each.path] != each.incarnation) ++out_of_order;
      if (ends[each.path] > starts[each.path]) ++out_of_order;
    }
    CHECK(out_of_order == 0);
    CHECK(starts == ends);
    CHECK(starts["root/a"] + starts["root/b"] + starts["root/c"] + starts["root/d"] == 4 + restarts);
  }
}
