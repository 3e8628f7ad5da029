// Faults at the steps of supervisors, and at every point of a small tree: nothing is left behind, whatever is hit.

#include <functional>

#include <coppice/process/fault_injector.hpp>
#include <coppice/process/live_objects.hpp>

#include "supervision/supervision_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

/// Writes down the steps of supervisors, and does what the test says.
class steps final : public fault_injector {
 public:
  void at(fault_point point, std::string_view what) override {
    if (point >= fault_point::child_starts) seen_.push_back(std::string{to_string(point)} + " " + std::string{what});
    if (act) act(point, what);
  }
  texts take() { return std::exchange(seen_, {}); }

  /// Does `what` at the first such step of that child.
  void once(fault_point step, std::string id, std::function<void()> what) {
    act = [this, step, id = std::move(id), what = std::move(what)](fault_point point, std::string_view child) {
      if (point != step || child != id) return;
      const auto now = what;
      act = nullptr;
      now();
    };
  }

  std::function<void(fault_point, std::string_view)> act;

 private:
  texts seen_;
};

template <class Body>
void in_faulty_grove(Body body) {
  for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
    steps injector;
    runtime_options options{.threads = 1, .virtual_time = true, .faults = &injector};
    if (seed != 0) options.seed = seed;
    in_grove(options, [&](grove& here) { body(here, injector); });
  }
}

enum class way { kills, throws, exits, allocation };
constexpr way ways[] = {way::kills, way::throws, way::exits};

void hit(way by) {
  switch (by) {
    case way::kills: exit(self(), exit_reason::kill()); break;
    case way::throws: throw std::runtime_error{"injected"};
    case way::exits: exit("injected");
    case way::allocation: break;
  }
}

/// Hits whoever comes to the n-th point, or makes the n-th allocation, counted from 1; 0: only counts.
class nth final : public fault_injector {
 public:
  nth(std::size_t n, way by, std::chrono::nanoseconds delay) : n_{n}, by_{by}, delay_{delay} {}

  void at(fault_point point, std::string_view what) override {
    if (by_ == way::allocation || ++count_ != n_) return;
    hit_ = std::string{to_string(point)} + " " + std::string{what};
    hit(by_);
  }
  bool fails_allocation() noexcept override { return by_ == way::allocation && ++count_ == n_; }
  std::chrono::nanoseconds delay(pid) noexcept override { return delay_; }

  std::size_t count() const noexcept { return count_; }
  const std::string& where() const noexcept { return hit_; }

 private:
  std::size_t n_;
  way by_;
  std::chrono::nanoseconds delay_;
  std::size_t count_ = 0;
  std::string hit_;
};

struct question {
  using reply = int;
};

/// Has a name, traps exits, and asks its neighbour while it handles.
class neighbour : public server<neighbour, question, die> {
 public:
  explicit neighbour(std::string other) : other_{std::move(other)} { process_flag(trap_exit, true); }
  int handle(question /*asked*/) {
    if (!other_.empty()) return call(std::string_view{other_}, question{}, 1s) + 1;
    sleep(1ms);
    return 1;
  }
  void handle(die told) { exit(std::move(told.reason)); }
  void terminate(const exit_reason& /*reason*/) { sleep(1ms); }

 private:
  std::string other_;
};

child_spec named_neighbour(const std::string& name, std::string other, restart_type restart = restart_type::permanent) {
  child_spec made;
  made.id = name;
  made.restart = restart;
  made.start = [name, other = std::move(other)] { return start_link<neighbour>({.name = name}, other); };
  return made;
}

child_spec waiting_function(std::string id) {
  child_spec made;
  made.id = std::move(id);
  made.start = [] {
    return start_result::ok(spawn_link([] {
      for (;;) receive([](die told) { exit(std::move(told.reason)); }, [](question) {});
    }));
  };
  return made;
}

//        root (rest_for_one)
//       /     |        |
//    left   middle    right        left and right have names, right calls left
//          /      |
//      inner    function           (one_for_all)
supervisor_init small_tree() {
  return {{strategy::rest_for_one, 3, 5s},
          {named_neighbour("left", {}),
           plain_supervisor("middle", {{strategy::one_for_all, 2, 5s},
                                       {named_neighbour("inner", {}), waiting_function("function")},
                                       "root/middle",
                                       {}}),
           named_neighbour("right", "left", restart_type::transient)},
          "root",
          {}};
}

template <class Function>
void whatever_comes(Function attempt) {
  try {
    attempt();
  } catch (const exit_exception&) {
    return;  // the other side has been hit
  } catch (const error&) {
    return;
  }
}

// Starts the tree, uses it, lets it mend itself, changes it, shuts it down.
void use_a_tree() {
  detail::observe_children(true);
  const start_result root = start_supervisor(small_tree());
  detail::observe_children(false);
  if (root) {
    whatever_comes([] { call("right", question{}); });
    crash(whereis("inner"), "boom");
    sleep(1s);
    crash(whereis("left"), "boom");
    sleep(10s);
    whatever_comes([&root] { start_child(root.process(), named_neighbour("guest", "left", restart_type::temporary)); });
    whatever_comes([] { call("guest", question{}); });
    whatever_comes([&root] { terminate_child(root.process(), "middle"); });
    whatever_comes([&root] { restart_child(root.process(), "middle"); });
    grove::fell(root.process());
  }
  // Those whom a hit supervisor has left end by themselves.
  sleep(1min);
  receive([](exit_signal) {}, after(0s, [] {}));
}

struct hit_run {
  std::size_t points = 0;
  std::string where;
  std::string left;
};

hit_run run_hit(std::uint64_t seed, std::size_t n, way by, std::chrono::nanoseconds delay) {
  hit_run seen;
  nth injector{n, by, delay};
  runtime_options options;
  options.faults = &injector;
  const captured_log log;
  const int status = simulation{seed, options}.run([&seen] {
    process_flag(trap_exit, true);
    const live_objects before = count_live_objects();
    use_a_tree();
    const live_objects after = count_live_objects();
    if (!(after == before)) seen.left = to_string(after) + " instead of " + to_string(before);
  });
  if (status != 0) seen.left += " main crashed: " + log.text();
  seen.points = injector.count();
  seen.where = injector.where();
  return seen;
}

}  // namespace

TEST_SUITE("supervisor faults") {
  TEST_CASE("a supervisor comes to a point before and after each start and each end of a child") {
    in_faulty_grove([](grove& here, steps& injector) {
      const pid root = here.plant({strategy::one_for_all}, {grove::worker("a"), grove::worker("b")});
      CHECK(injector.take() == texts{"child_starts a", "child_started a", "child_starts b", "child_started b"});
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(injector.take() == texts{"child_ends b", "child_ended b", "child_starts a", "child_started a",
                                     "child_starts b", "child_started b"});
      terminate_child(root, "a");
      terminate_child(root, "a");
      CHECK(injector.take() == texts{"child_ends a", "child_ended a"});
      here.clear();
      CHECK(injector.take() == texts{"child_ends b", "child_ended b"});
    });
  }

  TEST_CASE("a start that fails has no point behind it") {
    start_plan fails;
    fails.fails(1).ignores();
    in_faulty_grove([&fails](grove& here, steps& injector) {
      start_plan plan = fails;
      const pid root = here.plant({}, {});
      CHECK(start_child(root, grove::planned("a", plan)).error() == child_error::start_failed);
      CHECK(start_child(root, grove::planned("a", plan)));
      CHECK(injector.take() == texts{"child_starts a", "child_starts a"});
    });
  }

  TEST_CASE(
      "what is thrown at a step of the start fails the start, with those that had started ended in reverse order") {
    for (const auto point : {fault_point::child_starts, fault_point::child_started}) {
      in_faulty_grove([point](grove& here, steps& injector) {
        injector.once(point, "c", [] { throw std::runtime_error{"injected"}; });
        detail::observe_children(true);
        const start_result root =
            start_supervisor(here.init_of({}, {grove::worker("a"), grove::worker("b"), grove::worker("c")}));
        CHECK(root.is_failed());
      });
      in_faulty_grove([point](grove& here, steps& injector) {
        injector.once(point, "c", [] { throw std::runtime_error{"injected"}; });
        const pid top = here.plant({}, {});
        here.seen();
        const auto failed = start_child(
            top, here.supervisor("root", "sub", {}, {grove::worker("a"), grove::worker("b"), grove::worker("c")}));
        CHECK(failed.error() == child_error::start_failed);
        CHECK(failed.reason().to_string() == "std::runtime_error: injected");
        texts expected{"start root/sub/a", "start root/sub/b"};
        if (point == fault_point::child_started) {
          expected.emplace_back("start root/sub/c");
          expected.emplace_back("end root/sub/c shutdown");
        }
        expected.emplace_back("end root/sub/b shutdown");
        expected.emplace_back("end root/sub/a shutdown");
        expected.emplace_back("fail root/sub std::runtime_error: injected");
        CHECK(here.seen() == expected);
      });
    }
  }

  TEST_CASE("what is thrown at a step of a restart crashes the supervisor, which ends its children") {
    for (const auto point :
         {fault_point::child_ends, fault_point::child_ended, fault_point::child_starts, fault_point::child_started}) {
      INFO(to_string(point));
      in_faulty_grove([point](grove& here, steps& injector) {
        const pid root = here.plant({strategy::one_for_all}, {grove::worker("a"), grove::worker("b")});
        const reference watched = monitor(root);
        injector.once(point, "b", [] { throw std::runtime_error{"injected"}; });
        crash(child_of(root, "a"), "boom");
        CHECK(reason_of(watched).to_string() == "std::runtime_error: injected");
        settle();
        CHECK(here.population() == 0);
      });
    }
  }

  TEST_CASE("a supervisor that is hit at a step of its end leaves no child") {
    for (const auto point : {fault_point::child_ends, fault_point::child_ended}) {
      for (const way by : ways) {
        in_faulty_grove([point, by](grove& here, steps& injector) {
          const pid root = here.plant({}, {grove::worker("a", {.traps = true, .stop = 10ms}), grove::worker("b")});
          injector.once(point, "b", [by] { hit(by); });
          grove::fell(root);
          sleep(1s);
          CHECK(here.population() == 0);
        });
      }
    }
  }

  // Goal: nothing of a tree outlives its shutdown, wherever and however one of it was hit. Method: the same seed, once
  // for each point at which somebody could be hit, and for each allocation.
  TEST_CASE("nothing is left of a tree after its shutdown, whichever point is hit and however") {
    for (const auto delay : {0ns, std::chrono::nanoseconds{300us}}) {
      for (const way by : {way::kills, way::throws, way::exits, way::allocation}) {
        const std::uint64_t seed = 7;
        const std::size_t points = run_hit(seed, 0, by, delay).points;
        CHECK(points > (by == way::allocation ? 20 : 60));
        for (std::size_t n = 0; n <= points; ++n) {
          const hit_run seen = run_hit(seed, n, by, delay);
          CHECK_MESSAGE(seen.left.empty(), "delay " << delay.count() << ", way " << static_cast<int>(by) << ", point "
                                                    << n << " of " << points << ", " << seen.where << ": "
                                                    << seen.left);
        }
      }
    }
  }
}
