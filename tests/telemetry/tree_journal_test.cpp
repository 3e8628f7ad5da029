#include <string>
#include <vector>

#include <coppice/telemetry/tree_journal.hpp>

#include "supervision/supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// A journal and what it has told, in short: `started root/a 1`, `exited root/a 1 boom`.
struct notebook {
  texts lines;
  std::vector<tree_event> events;
  std::shared_ptr<tree_journal> journal = std::make_shared<tree_journal>([this](const tree_event& event) {
    events.push_back(event);
    switch (event.what) {
      case tree_event::kind::started:
        lines.push_back("started " + event.path + " " + std::to_string(event.incarnation));
        break;
      case tree_event::kind::start_failed:
        lines.push_back("start_failed " + event.path + " " + event.reason.to_string());
        break;
      case tree_event::kind::exited:
        lines.push_back("exited " + event.path + " " + std::to_string(event.incarnation) + " " +
                        event.reason.to_string());
        break;
      case tree_event::kind::restart_limit: lines.push_back("restart_limit " + event.path); break;
    }
  });

  texts take() { return std::exchange(lines, {}); }

  texts living() const {
    texts told;
    for (const auto& [path, life] : journal->living()) told.push_back(path + " " + std::to_string(life.incarnation));
    return told;
  }
};

pid process_numbered(std::uint64_t number) {
  return pid::from_value(number);
}

// Runs `body` with a journal as the observer of everything.
template <class Body>
void with_journal(Body body) {
  const captured_log log;
  notebook book;
  const int status = run(
      [&] {
        process_flag(trap_exit, true);
        body(book);
      },
      {.threads = 1, .virtual_time = true, .observer = book.journal.get()});
  CHECK_MESSAGE(status == 0, log.text());
}

pid plant(notebook& book, supervisor_flags flags, std::vector<child_spec> children) {
  detail::observe_children(true);
  const start_result started = start_supervisor({flags, std::move(children), "root", book.journal});
  detail::observe_children(false);
  if (started) {
    book.journal->root_started("root", started.process());
  } else {
    book.journal->root_start_failed("root", started.error());
  }
  return started.process();
}

// A supervisor with one child, `a`.
child_spec small_supervisor(std::string id, notebook& book) {
  child_spec made = grove::from(id, [path = "root/" + id, &book] {
    return start_supervisor({{}, {grove::worker("a")}, path, book.journal});
  });
  made.type = child_type::supervisor;
  return made;
}

}  // namespace

TEST_SUITE("tree_journal") {
  TEST_CASE("starts and ends are told in the order in which they happened, with incarnations from 1") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {.max_restarts = 2}, {grove::worker("a"), grove::worker("b")});
      CHECK(book.take() == texts{"started root/a 1", "started root/b 1", "started root 1"});
      CHECK(book.living() == texts{"root 1", "root/a 1", "root/b 1"});
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(book.take() == texts{"exited root/a 1 boom", "started root/a 2"});
      CHECK(book.journal->find("root/a")->process == child_of(root, "a"));
      CHECK(book.journal->find("root/a")->incarnation == 2);
      CHECK_FALSE(book.journal->find("root/x").has_value());
      grove::fell(root);
      CHECK(book.take() == texts{"exited root/b 1 shutdown", "exited root/a 2 shutdown", "exited root 1 shutdown"});
      CHECK(book.living().empty());
    });
  }

  TEST_CASE("incarnations go on after delete_child, and after a failed start around them") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {}, {grove::worker("a")});
      terminate_child(root, "a");
      delete_child(root, "a");
      start_child(root, grove::worker("a"));
      CHECK(book.living() == texts{"root 1", "root/a 2"});
      grove::fell(root);
      book.take();

      start_plan plan;
      plan.fails(1, "no");
      plant(book, {}, {grove::worker("a"), grove::planned("b", plan)});
      CHECK(book.take() == texts{"started root/a 3", "start_failed root/b no", "exited root/a 3 shutdown",
                                 "start_failed root {shutdown,{failed_to_start_child,b,no}}"});
      CHECK(book.living().empty());
    });
  }

  TEST_CASE("an end that comes before its supervisor has told of the start is told after it") {
    with_journal([](notebook& book) {
      plant(book, {.max_restarts = 1}, {});
      const pid root = book.journal->find("root")->process;
      book.take();
      start_child(root, grove::from("a", [] {
                    const pid brief = spawn_link([] { exit("brief"); });
                    await_end_of(brief);
                    return start_result::ok(brief);
                  }));
      settle();
      CHECK(book.take() == texts{"started root/a 1", "exited root/a 1 brief", "started root/a 2",
                                 "exited root/a 2 brief", "restart_limit root", "exited root 1 shutdown"});
    });
  }

  TEST_CASE("a process whose start failed has neither started nor exited") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {}, {});
      book.take();
      start_child(root, grove::worker("a", {.init = -1ms}));
      settle();
      CHECK(book.take() == texts{"start_failed root/a timeout_value"});
      CHECK(book.living() == texts{"root 1"});
    });
  }

  TEST_CASE("restart_limit comes after the end that provoked it and before the ends of the rest") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {.max_restarts = 0}, {grove::worker("a"), grove::worker("b")});
      book.take();
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(book.take() ==
            texts{"exited root/a 1 boom", "restart_limit root", "exited root/b 1 shutdown", "exited root 1 shutdown"});
    });
  }

  TEST_CASE("a path has its new holder when an old one lives on, and the old one's end is told as its own") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {}, {small_supervisor("s", book)});
      const pid supervisor = child_of(root, "s");
      const pid loner = child_of(supervisor, "a");
      cast(loner, leave{});
      settle();
      exit(supervisor, exit_reason::kill());
      settle();
      CHECK(book.journal->find("root/s/a")->incarnation == 2);
      book.take();
      exit(loner, exit_reason::kill());
      await_end_of(loner);
      CHECK(book.take() == texts{"exited root/s/a 1 killed"});
      CHECK(book.journal->find("root/s/a")->incarnation == 2);
      grove::fell(root);
      CHECK(book.living().empty());
    });
  }

  TEST_CASE("events carry the time of the runtime's clock, the process and its type") {
    with_journal([](notebook& book) {
      const pid root = plant(book, {}, {grove::worker("a")});
      const pid a = child_of(root, "a");
      sleep(5s);
      crash(a, "boom");
      settle();
      REQUIRE(book.events.size() == 4);
      CHECK(book.events[0].process == a);
      CHECK(book.events[0].type == child_type::worker);
      CHECK(book.events[1].type == child_type::supervisor);
      CHECK(book.events[2].process == a);
      CHECK(book.events[2].time - book.events[0].time == 5s);
      grove::fell(root);
    });
  }

  TEST_CASE("many supervisors on many threads tell one journal, and in the end nobody is left in it") {
    const captured_log log;
    notebook book;
    const int status = run(
        [&book] {
          process_flag(trap_exit, true);
          std::vector<child_spec> groups;
          for (int g = 0; g < 8; ++g) {
            const std::string id = "g" + std::to_string(g);
            groups.push_back(grove::from(id, [id, &book] {
              std::vector<child_spec> children;
              for (int c = 0; c < 8; ++c) children.push_back(grove::worker("c" + std::to_string(c)));
              return start_supervisor({{.max_restarts = 1'000'000}, std::move(children), "root/" + id, book.journal});
            }));
            groups.back().type = child_type::supervisor;
          }
          const pid root = plant(book, {}, std::move(groups));
          for (int round = 0; round < 50; ++round) {
            for (const auto& [path, life] : book.journal->living()) {
              if (life.type == child_type::worker) exit(life.process, exit_reason::kill());
            }
          }
          grove::fell(root);
        },
        {.threads = 4, .observer = book.journal.get()});
    CHECK_MESSAGE(status == 0, log.text());
    CHECK(book.living().empty());
    std::map<std::string, std::uint64_t> last;
    bool in_turn = true;
    for (const auto& event : book.events) {
      std::uint64_t& incarnation = last[event.path];
      if (event.what == tree_event::kind::started) in_turn = in_turn && event.incarnation == ++incarnation;
      if (event.what == tree_event::kind::exited) in_turn = in_turn && event.incarnation == incarnation;
    }
    CHECK(in_turn);
  }

  TEST_CASE("an end of nobody's is not told") {
    notebook book;
    with_journal([&book](notebook&) {
      book.journal->process_ended(process_numbered(7), process_numbered(8), exit_reason::normal());
      CHECK(book.take().empty());
      CHECK(book.living().empty());
    });
  }
}
