#include <algorithm>
#include <memory>
#include <set>

#include <doctest/doctest.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/sweep.hpp>
#include <coppice/chaos/sweep_junit.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/tree/script_file.hpp>

#include "chaos/recorded_tree.hpp"
#include "chaos/storm.hpp"

using namespace coppice;      // NOLINT(google-build-using-namespace)
using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// Workers that do well as long as nobody hits them.
namespace careless {

struct end_yourself {};
struct work {};

/// Has a helper that it ends when it terminates: if it does.
class employer : public server<employer> {
 public:
  employer() {
    process_flag(trap_exit, true);
    helper_ = spawn([] { receive([](end_yourself) {}); });
  }
  void terminate(const exit_reason& /*why*/) const { send(helper_, end_yourself{}); }

 private:
  pid helper_;
};

/// Its start leaves a process behind if it fails in its middle.
class builder : public server<builder> {
 public:
  builder() {
    const pid scaffold = spawn([] { receive([](end_yourself) {}); });
    sleep(1ms);
    send(scaffold, end_yourself{});
  }
};

/// Takes the name of another as soon as it is free.
class usurper : public server<usurper, down, work> {
 public:
  usurper() { monitor("front"); }
  void handle(const down& /*ended*/) { register_name("front", self()); }
  void handle(work /*told*/) {}
};

/// Works less in each run of a program.
class lazy : public server<lazy, work> {
 public:
  lazy() {
    for (int i = runs++; i < 3; ++i) cast(self(), work{});
  }
  void handle(work /*told*/) {}

  static inline int runs = 0;
};

/// Leaves a process behind, hit or not.
class litterer : public server<litterer> {
 public:
  litterer() {
    spawn([] { receive([](end_yourself) {}); });
  }
};

const worker_registry& workers() {
  static const worker_registry all = [] {
    worker_registry made;
    made.add<till>("till");
    made.add<employer>("employer");
    made.add<builder>("builder");
    made.add<usurper>("usurper");
    made.add<lazy>("lazy");
    made.add<litterer>("litterer");
    return made;
  }();
  return all;
}

}  // namespace careless

namespace {

std::vector<script_step> script_of(std::string_view text) {
  fault_list faults{"script.json"};
  const auto json = read_json(text, "a script", faults);
  std::optional<std::vector<script_step>> steps;
  if (json) steps = check_script(*json, careless::workers(), faults);
  REQUIRE_MESSAGE(steps.has_value(), faults.text());
  return std::move(*steps);
}

sweep_outcome swept(const supervisor_spec& root, const sweep_options& how = {.seed = 7},
                    const std::vector<script_step>& steps = {}) {
  const coppice::testing::captured_log log;
  return sweep(root, steps, careless::workers(), how);
}

supervisor_spec tree_with(const std::string& worker) {
  return tree_of(R"({"id": "root", "max_restarts": 5, "children": [{"id": "a", "start": ")" + worker + R"("}]})",
                 careless::workers());
}

supervisor_spec two_tills() {
  return tree_of(R"({"id": "root", "max_restarts": 5, "children": [
      {"id": "a", "start": "till"}, {"id": "b", "start": "till"}]})",
                 careless::workers());
}

chaos_victims only_at(std::vector<std::string> paths) {
  chaos_victims made;
  made.paths = std::move(paths);
  return made;
}

texts points_of(const sweep_outcome& outcome) {
  texts lines;
  for (const auto& each : outcome.points) lines.push_back(std::to_string(each.number) + " " + to_string(each));
  return lines;
}

// Each failure: `root/a init_ends, kill: the invariants that were broken`.
texts found_in(const sweep_outcome& outcome) {
  texts lines;
  for (const auto& failure : outcome.failures) {
    std::set<std::string> broken;
    for (const auto& each : failure.broken) broken.insert(each.invariant);
    lines.push_back(
        fmt::format("{}, {}: {}", to_string(failure.point), to_string(failure.way), fmt::join(broken, ", ")));
  }
  return lines;
}

texts texts_of(const std::vector<chaos_violation>& broken) {
  texts lines;
  for (const auto& each : broken) lines.push_back(to_string(each));
  return lines;
}

texts told(const sweep_outcome& outcome) {
  texts lines;
  for (const auto& failure : outcome.failures) {
    for (const auto& each : failure.broken) {
      lines.push_back(to_string(failure.point) + ", " + std::string{to_string(failure.way)} + ": " + to_string(each));
    }
  }
  return lines;
}

const char* const shop_for_sweeps = R"({"id": "root", "max_restarts": 5, "strategy": "rest_for_one", "children": [
    {"id": "a", "start": "till", "name": "front"},
    {"id": "pool", "type": "supervisor", "strategy": "one_for_all", "max_restarts": 3,
     "children": [{"id": "c", "start": "till", "count": 2, "name": "clerk"}]}]})";

const char* const shop_script = R"([
    {"do": "send", "target": "root/a", "message": {"sell": 5}}, {"do": "send", "target": "root/pool/c-1", "message": {"sell": 0}},
    {"do": "crash", "target": "root/pool/c-2", "reason": "boom"}, {"do": "exit", "target": "root/pool", "reason": "kill"},
    {"do": "start_child", "supervisor": "root", "spec": {"id": "extra", "start": "till"}},
    {"do": "terminate_child", "supervisor": "root", "id": "extra"}, {"do": "advance", "ms": 1000}])";

}  // namespace

TEST_SUITE("sweep") {
  TEST_CASE("the points of a run are counted in their order, those of starts and ends too") {
    const auto outcome = swept(tree_with("till"));
    CHECK(points_of(outcome) == texts{"1 root init_begins", "2 root child_starts a", "3 root/a init_begins",
                                      "4 root/a init_ends", "5 root child_started a", "6 root init_ends",
                                      "7 root handler_begins coppice::exit_signal",
                                      "8 root handler_ends coppice::exit_signal", "9 root terminate_begins",
                                      "10 root child_ends a", "11 root child_ended a", "12 root terminate_ends"});
    CHECK(outcome.without_hit.empty());
    CHECK(told(outcome) == texts{});
  }

  TEST_CASE("each point is hit in each way that there is for it, and a tree of good workers stands it all") {
    const supervisor_spec root = tree_of(shop_for_sweeps);
    const auto outcome = swept(root, {.seed = 7}, script_of(shop_script));
    CHECK(outcome.without_hit.empty());
    CHECK(told(outcome) == texts{});
    CHECK_FALSE(outcome.interrupted);
    const auto starts = static_cast<std::size_t>(
        std::count_if(outcome.points.begin(), outcome.points.end(),
                      [](const sweep_point& each) { return each.step == fault_point::init_begins; }));
    CHECK(outcome.points.size() > 80);
    CHECK(starts > 8);
    CHECK(outcome.runs == 4 * outcome.points.size() + starts);
    CHECK(outcome.all_runs == outcome.runs);
    std::set<fault_point> steps;
    std::set<std::string> paths;
    for (std::size_t i = 0; i < outcome.points.size(); ++i) {
      CHECK(outcome.points[i].number == i + 1);
      steps.insert(outcome.points[i].step);
      paths.insert(outcome.points[i].path);
    }
    CHECK(paths ==
          std::set<std::string>{"root", "root/a", "root/extra", "root/pool", "root/pool/c-1", "root/pool/c-2"});
    // Nobody in this tree receives by hand.
    CHECK(steps.size() == 10);
  }

  TEST_CASE("only those are hit that are asked for") {
    const supervisor_spec root = tree_of(shop_for_sweeps);
    const auto all = swept(root, {.seed = 7, .ways = {hit_way::kill}});
    CHECK(all.runs == all.points.size());
    const auto some = swept(root, {.seed = 7, .victims = only_at({"root/pool/*", "root/a"}), .ways = {hit_way::kill}});
    CHECK(some.points.size() < all.points.size());
    CHECK(some.runs == some.points.size());
    CHECK(std::all_of(some.points.begin(), some.points.end(), [](const sweep_point& each) {
      return each.path == "root/a" || each.path.starts_with("root/pool/");
    }));
    CHECK(some.points.front().number == 1);
    const auto starts = swept(root, {.seed = 7, .ways = {hit_way::failing_start}});
    CHECK(starts.runs == 5);
  }

  TEST_CASE("one point alone is hit, and its trace can be had") {
    const supervisor_spec root = tree_with("till");
    const auto points = swept(root, {.seed = 7, .ways = {hit_way::failing_start}}).points;
    const auto start_of_a = std::find_if(points.begin(), points.end(), [](const sweep_point& each) {
      return each.path == "root/a" && each.step == fault_point::handler_ends;
    });
    std::string trace;
    sweep_options how{.seed = 7, .ways = {hit_way::kill}};
    how.only = start_of_a == points.end() ? 5 : start_of_a->number;
    how.trace = [&trace](std::string_view line) {
      trace += std::string{line} + "\n";
      return true;
    };
    const auto outcome = swept(root, how);
    CHECK(outcome.runs == 1);
    CHECK(outcome.all_runs == 1);
    CHECK(outcome.points.size() == points.size());
    CHECK(trace.find(R"({"event":"started","path":"root/a","incarnation":1})") != std::string::npos);
    CHECK(trace.find(R"({"event":"done"})") != std::string::npos);
  }

  TEST_CASE("each way does at its point what it says") {
    const supervisor_spec root = tree_with("till");
    const auto steps = script_of(R"([{"do": "send", "target": "root/a", "message": {"sell": 1}}])");
    const auto points = swept(root, {.seed = 7, .ways = {hit_way::failing_start}}, steps).points;
    const auto trace_of = [&](fault_point step, hit_way way) {
      const auto found = std::find_if(points.begin(), points.end(), [step](const sweep_point& each) {
        return each.path == "root/a" && each.step == step;
      });
      REQUIRE(found != points.end());
      std::string trace;
      sweep_options how{.seed = 7, .ways = {way}, .only = found->number};
      how.trace = [&trace](std::string_view line) {
        trace += std::string{line} + "\n";
        return true;
      };
      CHECK(swept(root, how, steps).runs == 1);
      return trace;
    };
    const auto tells = [](const std::string& trace, std::string_view line) {
      INFO(trace);
      CHECK(trace.find(line) != std::string::npos);
    };
    using point = fault_point;
    const char* const killed = R"({"event":"exited","path":"root/a","incarnation":1,"reason":"killed"})";
    tells(trace_of(point::handler_begins, hit_way::kill), killed);
    tells(trace_of(point::handler_ends, hit_way::kill), killed);
    tells(trace_of(point::handler_begins, hit_way::exception),
          R"({"event":"exited","path":"root/a","incarnation":1,"reason":"std::runtime_error: injected"})");
    tells(trace_of(point::handler_begins, hit_way::exit_signal),
          R"({"event":"exited","path":"root/a","incarnation":1,"reason":"injected"})");
    for (const hit_way way : {hit_way::failing_start, hit_way::exit_signal}) {
      tells(trace_of(point::init_begins, way), R"({"event":"start_failed","path":"root/a","reason":"injected"})");
    }
    tells(trace_of(point::init_begins, hit_way::hang), R"({"event":"started","path":"root/a","incarnation":1})");
    const std::string hung = trace_of(point::handler_begins, hit_way::hang);
    CHECK(hung.find(R"("incarnation":2)") == std::string::npos);
    tells(hung, R"({"event":"exited","path":"root/a","incarnation":1,"reason":"shutdown"})");
  }

  TEST_CASE("a point that there is not is refused") {
    for (const std::size_t number : {std::size_t{0}, std::size_t{1000}}) {
      sweep_options how{.seed = 7};
      how.only = number;
      CHECK_THROWS_AS(swept(tree_with("till"), how), std::invalid_argument);
    }
  }

  TEST_CASE("a start that is to fail where none begins is refused, for that point alone would be no run") {
    sweep_options how{.seed = 7, .ways = {hit_way::failing_start}};
    how.only = 2;
    CHECK_THROWS_WITH(swept(tree_with("till"), how),
                      "a start fails only at init_begins; point 2 is root child_starts a");
    how.ways.push_back(hit_way::kill);
    CHECK(swept(tree_with("till"), how).runs == 1);
  }

  TEST_CASE("a way is known by its name") {
    for (const hit_way each : all_hit_ways) CHECK(parse_hit_way(to_string(each)) == each);
    CHECK_FALSE(parse_hit_way("stroke").has_value());
  }

  TEST_CASE("enough is enough: what was done until then is told") {
    sweep_options how{.seed = 7};
    std::vector<std::size_t> done;
    std::size_t all = 0;
    how.progress = [&](std::size_t so_far, std::size_t of) {
      done.push_back(so_far);
      all = of;
      return so_far < 3;
    };
    const auto outcome = swept(tree_with("till"), how);
    CHECK(outcome.interrupted);
    CHECK(outcome.runs == 3);
    CHECK(outcome.all_runs == all);
    CHECK(all > 3);
    CHECK(outcome.processes.size() == 2);
    CHECK(outcome.processes.at("root").runs + outcome.processes.at("root/a").runs == 3);
    CHECK(outcome.processes.at("root").all_runs + outcome.processes.at("root/a").all_runs == all);
    CHECK(done == std::vector<std::size_t>{0, 1, 2, 3});
  }

  TEST_CASE("the same seed gives the same points, and finds the same") {
    const supervisor_spec root = tree_with("employer");
    const auto first = swept(root, {.seed = 3});
    const auto second = swept(root, {.seed = 3});
    CHECK(points_of(first) == points_of(second));
    CHECK(found_in(first) == found_in(second));
    CHECK(first.failures.size() > 1);
  }

  TEST_CASE("a worker whose helper lives on when it does not terminate is found at each point where that happens") {
    const auto outcome = swept(tree_with("employer"));
    CHECK(outcome.without_hit.empty());
    const auto at = [](const char* point) {
      return fmt::format("root/a {}: as many live objects as before, nothing unaccounted in the process table", point);
    };
    CHECK(found_in(outcome) ==
          texts{at("init_ends, kill"), at("init_ends, exception"), at("handler_begins coppice::exit_signal, kill"),
                at("handler_begins coppice::exit_signal, hang"), at("handler_ends coppice::exit_signal, kill"),
                at("handler_ends coppice::exit_signal, hang"), at("terminate_begins, kill"),
                at("terminate_begins, exception"), at("terminate_begins, hang")});
  }

  TEST_CASE("a start that leaves a process behind when it fails in its middle is found there") {
    const auto outcome = swept(tree_with("builder"));
    CHECK(outcome.without_hit.empty());
    const auto in_way = [](const char* way) {
      return fmt::format("root/a receive, {}: as many live objects as before, nothing unaccounted in the process table",
                         way);
    };
    CHECK(found_in(outcome) == texts{in_way("kill"), in_way("exception"), in_way("exit_signal")});
  }

  TEST_CASE("a name that somebody else has taken is found") {
    const supervisor_spec root = tree_of(R"({"id": "root", "max_restarts": 5, "children": [
        {"id": "front", "start": "till", "name": "front", "restart": "temporary"}, {"id": "u", "start": "usurper"}]})",
                                         careless::workers());
    const auto outcome = swept(root, {.seed = 7, .ways = {hit_way::kill, hit_way::exception}},
                               script_of(R"([{"do": "send", "target": "root/front", "message": {"sell": 1}}])"));
    CHECK(outcome.without_hit.empty());
    const auto at = [](const char* point) { return fmt::format("root/front {}: every name where it belongs", point); };
    CHECK(found_in(outcome) ==
          texts{at("handler_begins chaos_tests::sell, kill"), at("handler_begins chaos_tests::sell, exception"),
                at("handler_ends chaos_tests::sell, kill"), at("handler_ends chaos_tests::sell, exception")});
  }

  TEST_CASE("a rule of the user's own is asked after each step while the root lives, and makes no points") {
    const supervisor_spec root = two_tills();
    const auto steps = script_of(R"([{"do": "send", "target": "root/a", "message": {"sell": 5}},
                                     {"do": "send", "target": "root/b", "message": {"sell": 5}}])");
    const auto without_rule = swept(root, {.seed = 7}, steps);
    CHECK(without_rule.failures.empty());

    const auto never_less = [](const tree_view& living) -> std::optional<std::string> {
      if (living.call("root/a", total{}) >= living.call("root/b", total{})) return std::nullopt;
      return "b has sold more";
    };
    sweep_options how{.seed = 7};
    how.invariants = {{"a sells no less than b", never_less}};
    const auto outcome = swept(root, how, steps);
    CHECK(outcome.without_hit.empty());
    CHECK(points_of(outcome) == points_of(without_rule));
    CHECK(outcome.roots_lost == without_rule.roots_lost);
    CHECK(outcome.roots_lost > 0);

    // Whoever loses what a has sold is found, and nobody else.
    const auto failures = told(outcome);
    CHECK_FALSE(failures.empty());
    for (const auto& each : failures) {
      INFO(each);
      CHECK(each.starts_with("root/a "));
      CHECK(each.ends_with("a sells no less than b: b has sold more"));
    }
    CHECK(std::any_of(failures.begin(), failures.end(), [](const std::string& each) {
      return each.starts_with("root/a handler_ends chaos_tests::sell, kill");
    }));
  }

  TEST_CASE("expected answers are asked for at the end of each run in which the root lives, and make no points") {
    const supervisor_spec root = two_tills();
    const auto steps = script_of(R"([{"do": "send", "target": "root/a", "message": {"sell": 5}},
                                     {"do": "send", "target": "root/b", "message": {"sell": 7}}])");
    const auto without_any = swept(root, {.seed = 7}, steps);

    const auto answer = [](std::string path, int value) {
      return chaos_expectation{std::move(path), std::make_shared<const nlohmann::json>("total"),
                               std::make_shared<const nlohmann::json>(value), ""};
    };
    sweep_options how{.seed = 7};
    how.expected = {answer("root/b", 7)};
    const auto outcome = swept(root, how, steps);
    CHECK(texts_of(outcome.without_hit) == texts{});
    CHECK(points_of(outcome) == points_of(without_any));
    CHECK(outcome.roots_lost == without_any.roots_lost);
    CHECK(outcome.roots_lost > 0);

    // Whoever loses what b has sold is found, and nobody else.
    const auto failures = told(outcome);
    CHECK_FALSE(failures.empty());
    for (const auto& each : failures) {
      INFO(each);
      CHECK(each.starts_with("root/b "));
      CHECK(each.ends_with(R"(root/b: expectation: root/b answers "total" with 0; expected 7)"));
    }
    CHECK(std::any_of(failures.begin(), failures.end(), [](const std::string& each) {
      return each.starts_with("root/b handler_ends chaos_tests::sell, kill");
    }));

    how.expected = {answer("root/b", 8)};
    const auto wrong = swept(root, how, steps);
    CHECK(texts_of(wrong.without_hit) == texts{R"(root/b: expectation: root/b answers "total" with 7; expected 8)"});
    CHECK(wrong.runs == 0);
  }

  TEST_CASE("a worker that does something else in each run is told as such") {
    careless::lazy::runs = 0;
    const auto outcome = swept(tree_with("lazy"), {.seed = 7, .victims = only_at({"root/a"}), .ways = {hit_way::kill}});
    CHECK(outcome.without_hit.empty());
    const auto failures = found_in(outcome);
    CHECK(failures.size() == 5);
    CHECK(std::all_of(failures.begin(), failures.end(), [](const std::string& each) {
      return each.ends_with(" careless::work, kill: a seed gives the same run again");
    }));
    for (const auto& each : outcome.failures) {
      CHECK(to_string(each.broken.back()).find("real time, threads, addresses or random numbers") != std::string::npos);
    }
  }

  TEST_CASE("what is wrong before anything is hit is told, and nothing is hit") {
    const auto outcome = swept(tree_with("litterer"));
    CHECK_FALSE(outcome.without_hit.empty());
    CHECK(outcome.runs == 0);
    CHECK(outcome.failures.empty());
    CHECK(outcome.processes.at("root/a").all_runs == 0);
  }
}
