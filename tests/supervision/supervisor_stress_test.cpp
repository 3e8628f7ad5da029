#include <atomic>
#include <random>
#include <set>

#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

// Goal: what holds in one order of events holds in all. A tree of 200 workers under three levels of supervisors of all
// strategies is cut at random, on four threads and all at once; when it has come to rest, what the supervisors say,
// what the links say and what lives have to be the same. The budgets are wide enough that nobody gives up. A failing
// seed is printed.
//
//     root ─ s0 … s4 ─ t0 … t3 ─ w0 … w9        (one_for_one, one_for_all, rest_for_one in turn)

namespace {

constexpr unsigned groups = 5;
constexpr unsigned teams = 4;
constexpr unsigned team_size = 10;
constexpr unsigned cuts = 2000;

struct head_count {
  std::atomic<int> alive[groups * teams * team_size] = {};
  std::atomic<bool> doubled{false};
};

// Knows its place, and notices a second one of it.
class placed : public server<placed, die, are_you_there> {
 public:
  placed(head_count* heads, unsigned place, bool traps) : heads_{heads}, place_{place} {
    if (traps) process_flag(trap_exit, true);
    if (heads_->alive[place_].fetch_add(1) != 0) heads_->doubled = true;
  }
  placed(const placed&) = delete;
  placed& operator=(const placed&) = delete;
  ~placed() { heads_->alive[place_].fetch_sub(1); }

  void handle(die told) { exit(std::move(told.reason)); }
  bool handle(are_you_there /*asked*/) { return true; }
  void terminate(const exit_reason& /*reason*/) {
    if (place_ % 7 == 0) sleep(1ms);
  }

 private:
  head_count* heads_;
  unsigned place_;
};

strategy strategy_of(unsigned number) {
  return std::array{strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}[number % 3];
}

pid plant(grove& here, head_count& heads) {
  const unsigned many = 1'000'000;
  std::vector<child_spec> upper;
  for (unsigned s = 0; s < groups; ++s) {
    std::vector<child_spec> middle;
    const std::string group = "s" + std::to_string(s);
    for (unsigned t = 0; t < teams; ++t) {
      std::vector<child_spec> lower;
      for (unsigned w = 0; w < team_size; ++w) {
        const unsigned place = (s * teams + t) * team_size + w;
        lower.push_back(grove::from("w" + std::to_string(w), starts<placed>(&heads, place, place % 3 == 0)));
      }
      middle.push_back(here.supervisor("root/" + group, "t" + std::to_string(t),
                                       {.strategy = strategy_of(t), .max_restarts = many}, std::move(lower)));
    }
    upper.push_back(
        here.supervisor("root", group, {.strategy = strategy_of(s), .max_restarts = many}, std::move(middle)));
  }
  return here.plant({.max_restarts = many}, std::move(upper));
}

// All supervisors and workers below `supervisor`, as `which_children` tells.
void collect(pid supervisor, std::vector<pid>& supervisors, std::vector<pid>& workers) {
  supervisors.push_back(supervisor);
  for (const auto& each : which_children(supervisor)) {
    if (!each.process) continue;
    if (each.type == child_type::supervisor) {
      collect(each.process, supervisors, workers);
    } else {
      workers.push_back(each.process);
    }
  }
}

// Waits until each supervisor of the tree has handled all ends, nobody is being started, and each worker has come to
// what it had been sent: a thread of a busy machine may be held up for long with a worker that is about to end.
bool comes_to_rest(pid root, std::vector<pid>& supervisors, std::vector<pid>& workers) {
  for (int round = 0; round < 10'000; ++round) {
    try {
      std::vector<pid> first;
      std::vector<pid> first_workers;
      collect(root, first, first_workers);
      supervisors.clear();
      workers.clear();
      collect(root, supervisors, workers);
      const auto living = [](pid each) { return is_alive(each); };
      if (first == supervisors && first_workers == workers && workers.size() == groups * teams * team_size &&
          std::all_of(workers.begin(), workers.end(), living) &&
          std::all_of(supervisors.begin(), supervisors.end(), living)) {
        for (const pid each : workers) call(each, are_you_there{});
        return true;
      }
    } catch (const exit_exception&) {
      // One of them ended while it was asked.
    }
    sleep(1ms);
  }
  return false;
}

std::vector<pid> sorted(std::vector<pid> processes) {
  std::sort(processes.begin(), processes.end());
  return processes;
}

// Its links are exactly its children and its parent.
bool is_linked_to_its_children(pid supervisor) {
  const auto seen = process_info(supervisor, info::links, info::parent);
  if (!seen) return false;
  std::vector<pid> expected{seen->parent};
  for (const auto& each : which_children(supervisor)) {
    if (each.process) expected.push_back(each.process);
  }
  return sorted(seen->links) == sorted(expected);
}

void cut_at_random(grove& here, std::uint32_t seed) {
  head_count heads;
  const pid root = plant(here, heads);
  std::mt19937 random{seed};
  const auto below = [&random](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
  };

  std::vector<pid> supervisors;
  std::vector<pid> workers;
  std::set<reference> strangers;
  for (unsigned done = 0; done < cuts;) {
    // A new look now and then; between them many of the pids are stale, as a stranger's are.
    supervisors.clear();
    workers.clear();
    try {
      collect(root, supervisors, workers);
    } catch (const exit_exception&) {
      continue;
    }
    if (workers.empty()) continue;
    for (unsigned i = 0; i < 50; ++i, ++done) {
      const pid worker = workers[below(workers.size())];
      switch (below(8)) {
        case 0:
        case 1: exit(worker, exit_reason::kill()); break;
        case 2:
        case 3: cast(worker, die{exit_reason{"boom"}}); break;
        case 4: cast(worker, die{exit_reason::normal()}); break;
        case 5: exit(worker, "boom"); break;
        case 6: strangers.insert(spawn_monitor([worker] { exit(worker, "stranger"); }).ref); break;
        default:
          // Never the root; one that ends in order now and then.
          const pid supervisor = supervisors[below(supervisors.size())];
          if (supervisor == root) break;
          if (below(2) == 0) {
            exit(supervisor, exit_reason::kill());
          } else {
            detail::make_end(supervisor, exit_reason{"boom"});
          }
      }
    }
  }

  while (!strangers.empty()) receive([&strangers](const down& over) { strangers.erase(over.ref); });
  // Not inside of what doctest keeps for each thread: this process moves from one to another while it waits.
  const bool rests = comes_to_rest(root, supervisors, workers);
  REQUIRE_MESSAGE(rests, "seed " << seed);
  CHECK_MESSAGE(!heads.doubled, "seed " << seed);
  CHECK(std::all_of(std::begin(heads.alive), std::end(heads.alive), [](const auto& count) { return count == 1; }));
  CHECK(std::set<pid>(workers.begin(), workers.end()).size() == groups * teams * team_size);
  CHECK(supervisors.size() == 1 + groups + groups * teams);
  CHECK(here.population() == workers.size() + supervisors.size());
  for (const pid each : supervisors) CHECK(is_linked_to_its_children(each));
  for (const pid each : workers) CHECK(call(each, are_you_there{}));

  here.clear();
  CHECK(std::all_of(std::begin(heads.alive), std::end(heads.alive), [](const auto& count) { return count == 0; }));
}

}  // namespace

TEST_SUITE("supervisor: stress") {
  TEST_CASE("a tree of 200 workers that is cut 2,000 times at random on four threads grows back as it was") {
    for (const std::uint32_t seed : {1U, 2U, 3U}) {
      in_grove({.threads = 4}, [seed](grove& here) { cut_at_random(here, seed); });
    }
  }

  TEST_CASE("the same in virtual time, with a seeded order of turns") {
    for (const std::uint32_t seed : {11U, 12U, 13U, 14U, 15U}) {
      in_grove({.threads = 1, .virtual_time = true, .seed = seed}, [seed](grove& here) { cut_at_random(here, seed); });
    }
  }

  TEST_CASE("clients that start, end and restart children at once get answers that agree with what is") {
    in_grove({.threads = 4}, [](grove& here) {
      const pid root = here.plant({.max_restarts = 1'000'000}, {});
      constexpr int clients = 8;
      std::vector<spawned> all;
      for (int c = 0; c < clients; ++c) {
        all.push_back(spawn_monitor([root, c] {
          std::mt19937 random{static_cast<std::uint32_t>(c)};
          for (int i = 0; i < 300; ++i) {
            const std::string id = "w" + std::to_string(random() % 10);
            switch (random() % 5) {
              case 0: start_child(root, grove::worker(id)); break;
              case 1: terminate_child(root, id); break;
              case 2: restart_child(root, id); break;
              case 3: delete_child(root, id); break;
              default:
                for (const auto& each : which_children(root)) {
                  if (each.process) exit(each.process, exit_reason::kill());
                }
            }
          }
        }));
      }
      for (const auto& each : all) CHECK(reason_of(each) == exit_reason::normal());
      std::size_t running = 0;
      for (int round = 0; round < 10'000; ++round) {
        const auto listed = which_children(root);
        running = static_cast<std::size_t>(
            std::count_if(listed.begin(), listed.end(), [](const auto& each) { return each.process; }));
        if (count_children(root).active == running && here.population() == running + 1) break;
        sleep(1ms);
      }
      CHECK(here.population() == running + 1);
      CHECK(is_linked_to_its_children(root));
    });
  }
}
