#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/chaos/chaos_session.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_builder.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/storm.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct how_to_run {
  std::uint64_t seed = 7;
  bool real_time = false;
  bool settles = true;
  std::function<void(const chaos_progress&)> progress{};
  std::function<void()> when_quiet{};
};

supervisor_init tough_init() {
  return {.flags = {.max_restarts = 100'000},
          .children = {child("a"), child("b"),
                       supervisor("pool", {.flags = {.max_restarts = 100'000}, .children = {child("c"), child("d")}})}};
}

// What a program does that embeds a session.
template <class StartRoot>
void drive(chaos_session& chaos, const how_to_run& how, StartRoot start_root) {
  runtime_options options;
  if (how.real_time) {
    options.threads = 2;
  } else {
    options.virtual_time = true;
  }
  chaos.attach(options);
  const coppice::testing::captured_log log;
  const auto main = [&] {
    process_flag(trap_exit, true);
    chaos.begin("root");
    const start_result root = start_root();
    if (!root) {
      chaos.root_start_failed(root.error());
      return;
    }
    chaos.root_started(root.process());
    chaos.run(how.progress);
    CHECK(chaos.settle() == how.settles);
    if (how.when_quiet) how.when_quiet();
    chaos.end();
    detail::end_process(root.process(), exit_reason::shutdown(), std::nullopt);
    detail::await_orphans_of(root.process());
  };
  const int status = how.real_time ? coppice::run(main, options) : simulation{how.seed, options}.run(main);
  CHECK_MESSAGE(status == 0, log.text());
}

// A tree in C++ of which the session knows nothing.
chaos_record embedded(const chaos_plan& plan, const how_to_run& how = {}, supervisor_init init = tough_init()) {
  chaos_session chaos{plan, how.seed};
  drive(chaos, how, [&] {
    init.path = "root";
    init.observer = chaos.observer();
    return start_supervisor(init);
  });
  return chaos.record();
}

// A tree from a file that the session knows.
chaos_record known(const chaos_plan& plan, const supervisor_spec& root, const how_to_run& how = {}) {
  chaos_session chaos{plan, how.seed};
  chaos.knows(root, workers());
  drive(chaos, how, [&] { return start_tree(root, {&workers(), chaos.observer(), nullptr}); });
  return chaos.record();
}

std::string whole(const chaos_record& record) {
  std::string text;
  for (const auto& each : record.hits) {
    text += fmt::format("{} {} {} {}\n", each.time.count(), each.path, each.incarnation, each.way);
  }
  for (const auto& each : record.lives) {
    text += fmt::format("{} {} {} {} {}\n", each.path, each.incarnation, each.begin.count(),
                        each.end ? each.end->count() : -1, each.reason.to_string());
  }
  return text;
}

std::set<std::string> paths_hit(const chaos_record& record) {
  std::set<std::string> paths;
  for (const auto& each : record.hits) paths.insert(each.path);
  return paths;
}

const chaos_life& life_of(const chaos_record& record, std::string_view path, std::uint64_t incarnation) {
  for (const auto& each : record.lives) {
    if (each.path == path && each.incarnation == incarnation) return each;
  }
  throw std::logic_error{"no such life"};
}

}  // namespace

TEST_SUITE("chaos session") {
  TEST_CASE("a fault strikes at its rate while its phase lasts: from one gap after the begin to before the end") {
    const auto record = embedded(one_phase(1s, {regular({"root/pool/*"}, {harm::kill{}}, 10)}));
    REQUIRE(record.hits.size() == 9);
    for (std::size_t i = 0; i < 9; ++i) CHECK(record.hits[i].time == (i + 1) * 100ms);
    CHECK(record.end == 1s);
    CHECK_FALSE(record.interrupted);
    CHECK(record.is_virtual);
  }

  TEST_CASE("random times are as many on the average, and as independent events are") {
    chaos_fault fault = regular({"root/pool/*"}, {harm::kill{}}, 10);
    fault.spread = chaos_fault::distribution::poisson;
    const auto record = embedded(one_phase(200s, {fault}));
    CHECK(record.hits.size() == doctest::Approx(2000).epsilon(0.05));
    int close = 0;
    for (std::size_t i = 1; i < record.hits.size(); ++i) {
      close += record.hits[i].time - record.hits[i - 1].time < 100ms ? 1 : 0;
    }
    CHECK(close == doctest::Approx(2000 * 0.632).epsilon(0.05));
  }

  TEST_CASE("a fault that strikes once does so when its phase begins") {
    chaos_plan plan = one_phase(1s, {});
    plan.phases.push_back({"later", 1s, {once({"root/a"}, harm::kill{}), once({"root/b"}, harm::crash{"boom"})}});
    const auto record = embedded(plan);
    REQUIRE(record.hits.size() == 2);
    CHECK(record.hits[0].time == 1s);
    CHECK(record.hits[1].time == 1s);
    CHECK(record.end == 2s);
  }

  TEST_CASE("each phase has its own faults, one after the other, and a rest has none") {
    chaos_plan plan;
    plan.phases = {
        {"first", 1s, {regular({"root/a"}, {harm::kill{}}, 5)}},
        {"rest", 10s, {}},
        {"second", 1s, {regular({"root/b"}, {harm::crash{"boom"}}, 2), regular({"root/a"}, {harm::kill{}}, 4)}}};
    std::map<std::string, int> counts;
    for (const auto& each : embedded(plan).hits) {
      if (each.path == "root/b") {
        CHECK(each.time > 11s);
        CHECK(each.way == "crash boom");
      } else {
        CHECK((each.time < 1s || each.time > 11s));
      }
      ++counts[each.path];
    }
    CHECK(counts == std::map<std::string, int>{{"root/a", 7}, {"root/b", 1}});
  }

  TEST_CASE("so many or such a share of those who live and match are hit at once, and nobody else") {
    chaos_fault fault = once({"root/**"}, harm::kill{});
    fault.victims.of = chaos_victims::kind::worker;
    fault.victims.except = {"root/a"};
    fault.count = 2;
    auto record = embedded(one_phase(1s, {fault}));
    CHECK(record.hits.size() == 2);
    CHECK(paths_hit(record).size() == 2);
    fault.share = 100;
    record = embedded(one_phase(1s, {fault}));
    CHECK(paths_hit(record) == std::set<std::string>{"root/b", "root/pool/c", "root/pool/d"});
    CHECK(record.hits.size() == 3);
  }

  TEST_CASE("every victim and every way has its turn") {
    const auto record = embedded(one_phase(
        20s, {regular({"root/pool/*", "root/b"}, {harm::kill{}, harm::crash{"boom"}, harm::exit_signal{"out"}}, 10)}));
    CHECK(paths_hit(record) == std::set<std::string>{"root/b", "root/pool/c", "root/pool/d"});
    std::map<std::string, int> ways;
    for (const auto& each : record.hits) ++ways[each.way];
    CHECK(ways.size() == 3);
    for (const auto& [way, count] : ways) CHECK(count > 40);
    for (const auto& life : record.lives) {
      if (life.shut_down) continue;
      REQUIRE(life.cause.has_value());
      const std::string& way = record.hits[*life.cause].way;
      CHECK(life.reason.to_string() == (way == "kill" ? "killed" : way == "crash boom" ? "boom" : "out"));
    }
  }

  TEST_CASE("each way of hitting does what it says, and is a cut if it takes the process out of service") {
    struct example {
      chaos_harm how;
      bool cuts;
      const char* reason;  // of the first life
    };
    const example examples[] = {
        {harm::kill{}, true, "killed"},
        {harm::crash{"boom"}, true, "boom"},
        {harm::throw_exception{"torn"}, true, "std::runtime_error: torn"},
        {harm::exit_signal{"out"}, true, "out"},
        {harm::fail_starts{2}, true, "killed"},
        {harm::hang{2s}, true, "shutdown"},
        {harm::hang{}, true, "shutdown"},
        {harm::slow{20ms, 5s}, false, "shutdown"},
        {harm::delay{30ms, 5s}, false, "shutdown"},
        {harm::bad_alloc{1}, true, "std::bad_alloc: std::bad_alloc"},
        {harm::bad_alloc{1'000'000}, false, "shutdown"},
        {harm::exit_signal{"normal"}, false, "shutdown"},  // which it survives
    };
    const supervisor_spec root = tree_of(tough_shop);
    for (const auto& each : examples) {
      INFO(to_string(each.how));
      chaos_plan plan = one_phase(10s, {once({"root/a"}, each.how)});
      plan.load = plan_of(R"({"duration_ms": 1, "load": [{"call": "root/a", "message": "total", "per_second": 20,
                              "timeout_ms": 100}]})",
                          root)
                      .load;
      const auto record = known(plan, root);
      REQUIRE(record.hits.size() == 1);
      CHECK(record.hits[0].way == to_string(each.how));
      CHECK(record.hits[0].cuts == each.cuts);
      CHECK(record.hits[0].incarnation == 1);
      const bool waits = std::holds_alternative<harm::slow>(each.how) ||
                         std::holds_alternative<harm::delay>(each.how) ||
                         std::holds_alternative<harm::bad_alloc>(each.how);
      CHECK(record.hits[0].at_once != waits);
      const chaos_life& first = life_of(record, "root/a", 1);
      CHECK(first.reason.to_string() == each.reason);
      CHECK(first.shut_down == (first.reason == exit_reason::shutdown()));
      const bool failed = std::holds_alternative<harm::fail_starts>(each.how);
      CHECK(record.start_failures.size() == (failed ? 2U : 0U));
      const auto* hang = std::get_if<harm::hang>(&each.how);
      REQUIRE(first.pauses.size() == (hang != nullptr ? 1U : 0U));
      if (hang == nullptr) continue;
      const auto lasted = first.pauses[0].end - first.pauses[0].begin;
      CHECK(lasted == hang->time.value_or(lasted));
      CHECK(record.traffic.at("root/a").calls_failed > 5);
    }
  }

  TEST_CASE("the root can be hit too: then the run is over before its time") {
    bool is_gone = false;
    const chaos_plan plan = one_phase(1h, {once({"root"}, harm::kill{})});
    chaos_session chaos{plan, 7};
    drive(chaos, {.when_quiet = [&] { is_gone = chaos.is_root_gone(); }}, [&] {
      supervisor_init init = tough_init();
      init.path = "root";
      init.observer = chaos.observer();
      return start_supervisor(init);
    });
    CHECK(is_gone);
    const auto& record = chaos.record();
    CHECK(record.end == 1h);
    CHECK(record.lives.front().end.value() < 1h);
    CHECK_FALSE(record.interrupted);
    for (const auto& each : record.lives) CHECK(each.cause == 0U);
  }

  TEST_CASE("a root that does not start is in the record") {
    supervisor_init init = shop();
    init.children.front().start = [] { return start_result::failed(exit_reason{"no_money"}); };
    const auto record = embedded(one_phase(1h, {once({"root"}, harm::kill{})}), {}, init);
    REQUIRE(record.start_failures.size() == 2);
    CHECK(record.start_failures[0].path == "root/a");
    CHECK(record.start_failures[1].path == "root");
    CHECK(record.hits.empty());
  }

  TEST_CASE("a seed gives the same record each time, and others give others") {
    chaos_fault fault = regular({"root/**"}, {harm::kill{}, harm::crash{"boom"}, harm::fail_starts{2}}, 50);
    fault.spread = chaos_fault::distribution::poisson;
    fault.victims.except = {"root"};
    fault.count = 2;
    const chaos_plan plan = one_phase(10s, {fault});
    std::set<std::string> different;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const std::string first = whole(embedded(plan, {.seed = seed}));
      CHECK(whole(embedded(plan, {.seed = seed})) == first);
      different.insert(first);
    }
    CHECK(different.size() == 10);
  }

  TEST_CASE("stop ends the run before its time, in a process or before it begins") {
    const chaos_plan plan = one_phase(1h, {regular({"root/a"}, {harm::kill{}}, 10)});
    chaos_session chaos{plan, 7};
    const auto start = [&] {
      supervisor_init init = tough_init();
      init.path = "root";
      init.observer = chaos.observer();
      return start_supervisor(init);
    };
    SUBCASE("after the third hit") {
      drive(chaos,
            {.progress =
                 [&chaos](const chaos_progress& now) {
                   if (now.hits == 3) chaos.stop();
                 }},
            start);
      CHECK(chaos.record().hits.size() == 3);
      CHECK(chaos.record().end == 300ms);
    }
    SUBCASE("before it begins") {
      chaos.stop();
      drive(chaos, {}, start);
      CHECK(chaos.record().hits.empty());
      CHECK(chaos.record().end == 0ms);
    }
    CHECK(chaos.record().interrupted);
  }

  TEST_CASE("stop comes from any thread") {
    const chaos_plan plan = one_phase(24h, {regular({"root/pool/*"}, {harm::kill{}}, 1000)});
    const supervisor_spec root = tree_of(tough_shop);
    chaos_session chaos{plan, 7};
    chaos.knows(root, workers());
    std::promise<void> begun;
    std::atomic<int> hits{0};
    std::thread other{[&] {
      begun.get_future().wait();
      chaos.stop();
    }};
    drive(chaos,
          {.real_time = true,
           .progress =
               [&](const chaos_progress&) {
                 if (++hits == 3) begun.set_value();
               }},
          [&] {
            return start_tree(root, {&workers(), chaos.observer(), nullptr});
          });
    other.join();
    CHECK(chaos.record().interrupted);
    CHECK(chaos.record().hits.size() >= 3);
  }

  TEST_CASE("in real time, on two threads, a tree grows back from what was done to it") {
    // Everything is done that the plan has for its time, however late the machine is with it.
    const supervisor_spec root = tree_of(tough_shop);
    const chaos_plan plan = one_phase(
        100ms,
        {regular({"root/pool/**"}, {harm::kill{}, harm::crash{"boom"}, harm::fail_starts{2}, harm::hang{}}, 2000)});
    chaos_session chaos{plan, 7};
    chaos.knows(root, workers());
    std::set<std::string> living;
    drive(chaos,
          {.real_time = true,
           .when_quiet =
               [&] {
                 for (const auto& [path, life] : chaos.journal().living()) living.insert(path);
               }},
          [&] {
            return start_tree(root, {&workers(), chaos.observer(), nullptr});
          });
    CHECK(living == std::set<std::string>{"root", "root/a", "root/pool", "root/pool/c-1", "root/pool/c-2",
                                          "root/pool/c-3", "root/pool/c-4"});
    const auto& record = chaos.record();
    CHECK_FALSE(record.is_virtual);
    CHECK_FALSE(record.interrupted);
    CHECK(record.hits.size() > 10);
    std::map<std::string, std::uint64_t> incarnations;
    for (const auto& each : record.lives) {
      INFO(each.path << " " << each.incarnation << " " << each.reason.to_string());
      CHECK(each.incarnation == ++incarnations[each.path]);
      REQUIRE(each.end.has_value());
      CHECK(*each.end >= each.begin);
      CHECK((each.shut_down || each.cause.has_value()));
    }
  }

  TEST_CASE("work is given to those that the plan says, at its rate, and what fails is counted") {
    const supervisor_spec root = tree_of(tough_shop);
    chaos_plan plan = plan_of(R"({"duration_ms": 100000,
        "faults": [{"victims": "root/pool/*", "how": {"hang_ms": 100}, "per_second": 2}],
        "load": [{"call": "root/pool/*", "message": "total", "per_second": 10, "timeout_ms": 50},
                 {"cast": "root/a", "message": {"sell": 1}, "per_second": 20}]})",
                              root);
    const auto record = known(plan, root);
    for (const int number : {1, 2, 3, 4}) {
      const auto& traffic = record.traffic.at(fmt::format("root/pool/c-{}", number));
      CHECK(traffic.calls == doctest::Approx(1000).epsilon(0.15));
      CHECK(traffic.calls_failed > 0);
      CHECK(traffic.calls_failed < traffic.calls / 5);
    }
    CHECK(record.traffic.count("root/a") == 0);
    // The casts were handled, all of them.
    int sold = 0;
    known(plan, root, {.when_quiet = [&sold] { sold = call("front", total{}); }});
    CHECK(sold == doctest::Approx(2000).epsilon(0.1));
  }

  TEST_CASE("what is sent to somebody who is gone is counted as lost or failed") {
    const supervisor_spec root = tree_of(R"({"id": "root", "max_restarts": 10, "children": [
        {"id": "a", "start": "till", "restart": "temporary"}, {"id": "b", "start": "till", "restart": "temporary"}]})");
    chaos_plan plan =
        plan_of(R"({"duration_ms": 10000, "faults": [{"victims": "leaf", "count": 2, "distribution": "once"}],
        "load": [{"call": "root/a", "message": "total", "per_second": 10},
                 {"cast": "root/b", "message": {"sell": 1}, "per_second": 20}]})",
                root);
    const auto record = known(plan, root);
    CHECK(record.traffic.at("root/a").calls == doctest::Approx(100).epsilon(0.3));
    CHECK(record.traffic.at("root/a").calls_failed == record.traffic.at("root/a").calls);
    CHECK(record.traffic.at("root/b").messages_lost == doctest::Approx(200).epsilon(0.3));
  }

  TEST_CASE("progress is told after each act of harm") {
    const supervisor_spec root = tree_of(tough_shop);
    std::vector<chaos_progress> told;
    known(one_phase(1s, {regular({"root/a"}, {harm::kill{}}, 10)}), root,
          {.progress = [&told](const chaos_progress& now) { told.push_back(now); }});
    REQUIRE(told.size() == 9);
    for (std::size_t i = 0; i < told.size(); ++i) {
      CHECK(told[i].done >= (i + 1) * 100ms);
      CHECK(told[i].total == 1s);
      CHECK(told[i].is_virtual);
      CHECK(told[i].hits == i + 1);
      CHECK(told[i].expected == 7);
      CHECK(told[i].alive >= 6);
      CHECK(told[i].alive <= 7);
      CHECK(told[i].restarts <= told[i].hits);
    }
  }

  TEST_CASE("costs count in virtual time only, and by the tree that the session knows") {
    const supervisor_spec root = tree_of(R"({"id": "root", "children": [
        {"id": "a", "start": "till", "cost": {"init_us": 60000000}}]})");
    const chaos_plan plan = one_phase(1ms, {once({"root/a"}, harm::slow{1ms, 1ms})});
    const auto simulated = known(plan, root);
    CHECK(life_of(simulated, "root/a", 1).begin >= 60s);
    CHECK(life_of(known(plan, root, {.real_time = true}), "root/a", 1).begin < 60s);
  }

  TEST_CASE("a tree that does not come to rest is told") {
    supervisor_init init = shop();
    init.children.front().start = [] {
      class stuck : public server<stuck, leave_behind> {
       public:
        stuck() { cast(self(), leave_behind{}); }
        void handle(leave_behind) {
          receive([](sold) {});
        }
      };
      return start_link<stuck>();
    };
    embedded(one_phase(1s, {once({"root/b"}, harm::kill{})}), {.settles = false}, init);
  }

  TEST_CASE("a runtime whose observer or injector is somebody else's is refused") {
    chaos_session chaos{{}, 1};
    tree_journal other{[](const tree_event&) {}};
    runtime_options observed;
    observed.observer = &other;
    CHECK_THROWS_AS(chaos.attach(observed), std::invalid_argument);
    runtime_options harmed;
    harmed.faults = &chaos.injector();
    CHECK_THROWS_AS(chaos.attach(harmed), std::invalid_argument);
  }
}
