#include <atomic>
#include <memory>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/chaos/checker_feed.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/supervisor.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

struct are_you_there {
  using reply = bool;
};

class worker : public server<worker, are_you_there> {
 public:
  explicit worker(bool traps) {
    if (traps) process_flag(trap_exit, true);
  }
  static bool handle(are_you_there /*asked*/) { return true; }
};

child_spec a_worker(std::string id, bool traps) {
  child_spec made;
  made.id = std::move(id);
  made.start = starts<worker>(traps);
  return made;
}

child_spec a_pool(std::string id, strategy how) {
  child_spec made;
  made.id = std::move(id);
  made.type = child_type::supervisor;
  made.start = [how] {
    supervisor_init init;
    init.flags = {.strategy = how, .max_restarts = 1'000'000};
    for (int i = 0; i < 8; ++i) init.children.push_back(a_worker("w" + std::to_string(i), i % 2 == 0));
    return start_supervisor(std::move(init));
  };
  return made;
}

}  // namespace

// A tree in C++, of which no file tells, on four threads; eight processes kill whomever they find.

TEST_SUITE("invariants") {
  TEST_CASE("what four threads tell of a tree that is cut by many at once breaks no invariant") {
    const auto before = set_log_handler([](const log_record&) {});
    invariant_checker checker{{.virtual_time = false, .count = count_live_objects}};
    const auto observer = std::make_shared<checker_feed>(checker);
    runtime_options options;
    options.threads = 4;
    options.observer = observer.get();
    std::atomic<int> cuts{0};
    const int status = run(
        [&] {
          process_flag(trap_exit, true);
          checker.begin();
          supervisor_init init;
          init.flags.max_restarts = 1'000'000;
          init.path = "root";
          init.observer = observer;
          init.children = {a_pool("one", strategy::one_for_one), a_pool("all", strategy::one_for_all),
                           a_pool("rest", strategy::rest_for_one)};
          detail::observe_children(true);
          const pid root = start_supervisor(std::move(init)).process();
          detail::observe_children(false);
          checker.root_started("root", root, monotonic_time());
          std::vector<spawned> cutters;
          for (unsigned own = 0; own < 8; ++own) {
            cutters.push_back(spawn_monitor([&, own] {
              for (unsigned turn = 0; turn < 100; ++turn) {
                for (const auto& pool : which_children(root)) {
                  if (!pool.process) continue;
                  try {
                    const auto all = which_children(pool.process);
                    exit(all[(own + turn) % all.size()].process, exit_reason::kill());
                    ++cuts;
                  } catch (const exit_exception&) {  // NOLINT(bugprone-empty-catch): it has ended meanwhile
                  }
                  if (turn % 25 == own) exit(pool.process, exit_reason::kill());
                }
              }
            }));
          }
          for (const auto& each : cutters)
            receive(when([&](const down& ended) { return ended.ref == each.ref; }, [](down) {}));
          // Whatever they have begun is over when each has answered.
          bool quiet = false;
          while (!quiet) {
            quiet = true;
            for (const auto& pool : which_children(root)) {
              try {
                const auto all = which_children(pool.process);
                for (const auto& each : all) quiet = quiet && each.process && call(each.process, are_you_there{});
              } catch (const exit_exception&) {
                quiet = false;
              }
            }
          }
          checker.check_quiet({}, monotonic_time());
          detail::end_process(root, exit_reason::shutdown(), std::nullopt);
          bool more = true;
          while (more) receive([](message) {}, after(std::chrono::seconds{0}, [&more] { more = false; }));
          checker.check_gone({}, monotonic_time());
        },
        options);
    set_log_handler(before);
    CHECK(status == 0);
    CHECK(cuts > 100);
    std::string all;
    for (const auto& each : checker.violations()) all += "\n  " + each.invariant + ": " + each.path + ": " + each.text;
    CHECK_MESSAGE(all.empty(), all);
  }
}
