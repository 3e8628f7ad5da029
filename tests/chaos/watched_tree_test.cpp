#include <algorithm>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/watched_tree.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/tree/tree_builder.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/storm.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// Starts the tree under watch, calls `body` while it lives, and shuts it down.
template <class Body>
std::vector<chaos_violation> watched(const watched_tree::options& how, Body body) {
  watched_tree watch{how};
  tree_journal journal{[](const tree_event&) {}};
  observer_pair both{&watch.processes(), &watch.supervision(), journal, journal};
  runtime_options options;
  options.observer = &both;
  const coppice::testing::captured_log log;
  const int status = simulation{7, options}.run([&] {
    process_flag(trap_exit, true);
    watch.before_start();
    detail::observe_children(true);
    const auto root = start_tree(
        *how.tree, {how.workers, {std::shared_ptr<void>{}, static_cast<supervision_observer*>(&both)}, nullptr});
    detail::observe_children(false);
    journal.root_started(how.tree->id, root.process());
    watch.root_started(root.process());
    if (await_quiescence()) watch.at_rest();
    body(watch, journal);
    detail::end_process(root.process(), exit_reason::shutdown(), std::nullopt);
    watch.after_end();
  });
  CHECK_MESSAGE(status == 0, log.text());
  return watch.violations();
}

texts told(const std::vector<chaos_violation>& all) {
  texts lines;
  for (const auto& each : all) lines.push_back(each.invariant + (each.text.empty() ? "" : ": ") + each.text);
  return lines;
}

}  // namespace

TEST_SUITE("watched tree") {
  TEST_CASE("of a tree that keeps its rules there is nothing to tell") {
    const supervisor_spec root = tree_of(tough_shop);
    CHECK(told(watched({.tree = &root, .workers = &workers()}, [](watched_tree&, const tree_journal& journal) {
            exit(journal.find("root/pool")->process, exit_reason::kill());
            await_quiescence();
          })) == texts{});
  }

  TEST_CASE("rules are checked each time that the tree is at rest, the user's among them") {
    const supervisor_spec root = tree_of(tough_shop);
    int asked = 0;
    const auto violations = watched({.tree = &root,
                                     .workers = &workers(),
                                     .invariants = {{"odd times only",
                                                     [&asked](const tree_view& shop) -> std::optional<std::string> {
                                                       CHECK(shop.paths().size() == 7);
                                                       if (++asked % 2 == 1) return std::nullopt;
                                                       return "asked for the time " + std::to_string(asked);
                                                     }}}},
                                    [](watched_tree& watch, const tree_journal&) {
                                      for (int i = 0; i < 3; ++i) watch.at_rest();
                                    });
    CHECK(asked == 4);
    CHECK(told(violations) == texts{"odd times only: asked for the time 2", "odd times only: asked for the time 4"});
  }

  TEST_CASE("who keeps a tree from its rest is named, with what it is doing") {
    worker_registry known;
    class waiter : public server<waiter, sell> {
     public:
      void handle(sell) {
        receive([](sold) {});
      }
    };
    known.add<waiter>("waiter");
    const supervisor_spec root =
        tree_of(R"({"id": "root", "children": [{"id": "w", "start": "waiter", "count": 3}]})", known);
    const auto violations =
        watched({.tree = &root, .workers = &known}, [](watched_tree& watch, const tree_journal& journal) {
          for (const char* const path : {"root/w-1", "root/w-3"}) cast(journal.find(path)->process, sell{1});
          CHECK_FALSE(await_quiescence());
          watch.does_not_rest(journal);
        });
    REQUIRE(violations.size() == 1);
    CHECK(violations[0].invariant == "the tree comes to rest");
    CHECK(violations[0].text ==
          "root/w-1 in its handler of chaos_tests::sell, root/w-3 in its handler of chaos_tests::sell wait for "
          "something that will never come");
  }

  TEST_CASE("what can be broken is known by name, the user's own last") {
    const auto names = invariant_names({}, {{"mine", {}}, {"mine too", {}}});
    const auto library = invariant_checker::names();
    REQUIRE(names.size() == library.size() + 3);
    CHECK(std::equal(library.begin(), library.end(), names.begin()));
    CHECK(names[library.size()] == "the tree comes to rest");
    CHECK(names[names.size() - 2] == "mine");
    CHECK(names.back() == "mine too");
    chaos_plan plan;
    plan.expect.emplace_back();
    CHECK(invariant_names(plan).back() == "expectation");
    CHECK(std::find(names.begin(), names.end(), "expectation") == names.end());
  }
}
