// soak [--cuts N] [--threads N] [--seed N]
//
// For real: a tree of named calculators, cut down over and over by two processes on several threads, while two others
// call them by name and monitor them. Afterwards each calculator has to live under its name, each monitor must have
// been answered once, and when the tree is gone no object, and after all that churn no memory, may be left.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <calc/calc.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <coppice/chaos/dice.hpp>
#include <coppice/coppice.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/supervisors.hpp>

namespace {

using namespace coppice;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

constexpr int pools = 4;
constexpr int in_a_pool = 25;

std::string name_of(std::uint64_t number) {
  return "calc-" + std::to_string(number);
}

child_spec pool(int number) {
  supervisor_init init;
  init.flags.max_restarts = 1'000'000'000;
  init.flags.max_seconds = 1s;
  for (int i = 0; i < in_a_pool; ++i) {
    const auto own = static_cast<std::uint64_t>(number) * in_a_pool + static_cast<std::uint64_t>(i);
    init.children.push_back(
        {.id = std::to_string(i), .start = starts<calc_sample::calc>({.name = name_of(own)}, calc_sample::args{})});
  }
  return {.id = "pool-" + std::to_string(number),
          .start = [init] { return start_supervisor(init); },
          .type = child_type::supervisor};
}

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  statm >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct counts {
  std::atomic<std::uint64_t> cuts{0};
  std::atomic<std::uint64_t> monitors{0};
  std::atomic<std::uint64_t> downs{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::size_t> memory_warm{0};  // resident, after the first quarter
  std::atomic<bool> over{false};
};

// Cuts one after the other, in one of three ways, each time waiting for its end: as fast as the tree can stand.
void cut(std::uint64_t wanted, std::uint64_t quarter, dice by, counts& count) {
  process_flag(trap_exit, true);
  for (std::uint64_t done = 0; done < wanted;) {
    const pid victim = whereis(name_of(by.below(std::uint64_t{pools} * in_a_pool)));
    if (!victim) {
      // All may be gone at once: then those who start them anew need this thread.
      receive(after(0s, [] {}));
      continue;
    }
    const reference ref = monitor(victim);
    ++count.monitors;
    switch (by.below(3)) {
      case 0: exit(victim, exit_reason::kill()); break;
      case 1: exit(victim, exit_reason{"boom"}); break;
      default: cast(victim, calc_sample::messages::div{0}); break;
    }
    receive(when([ref](const down& each) { return each.ref == ref; }, [&count](down) { ++count.downs; }));
    ++done;
    if (++count.cuts == quarter) count.memory_warm.store(resident_bytes());
  }
}

void work(dice by, counts& count) {
  while (!count.over.load()) {
    const std::string name = name_of(by.below(std::uint64_t{pools} * in_a_pool));
    try {
      call(std::string_view{name}, calc_sample::messages::view{}, 60s);
      ++count.answered;
    } catch (const exit_exception&) {
      ++count.failed;
    }
  }
}

std::string fault_of(std::string_view what, std::uint64_t expected, std::uint64_t found) {
  return expected == found ? std::string{} : fmt::format("soak: {}: expected {}, found {}\n", what, expected, found);
}

int soak(std::uint64_t cuts, std::uint64_t seed) {
  counts count;
  std::string faults;
  process_flag(trap_exit, true);
  const live_objects before = count_live_objects();
  supervisor_init root;
  for (int i = 0; i < pools; ++i) root.children.push_back(pool(i));
  const pid tree = start_supervisor(root).process();
  // What the tree needs at its size: afterwards there may not be more.
  const std::size_t memory_before = resident_bytes();

  std::vector<spawned> all;
  for (std::uint64_t i = 0; i < 2; ++i) {
    all.push_back(spawn_monitor([&count, i, seed] { work(dice{seed + 10 + i}, count); }));
    all.push_back(spawn_monitor(
        [&count, i, seed, cuts] { cut(cuts / 2, std::max<std::uint64_t>(1, cuts / 4), dice{seed + i}, count); }));
  }
  for (const std::size_t cutter : {std::size_t{1}, std::size_t{3}}) {
    receive(when([&](const down& each) { return each.ref == all[cutter].ref; }, [](down) {}));
  }
  count.over.store(true);
  for (const std::size_t client : {std::size_t{0}, std::size_t{2}}) {
    receive(when([&](const down& each) { return each.ref == all[client].ref; }, [](down) {}));
  }

  // A supervisor answers behind all that it has to restart: then each calculator is there.
  std::uint64_t alive = 0;
  for (const auto& below : which_children(tree)) alive += count_children(below.process).active;
  std::uint64_t named = 0;
  for (std::uint64_t i = 0; i < std::uint64_t{pools} * in_a_pool; ++i) named += whereis(name_of(i)) ? 1 : 0;
  faults += fault_of("calculators alive", std::uint64_t{pools} * in_a_pool, alive);
  faults += fault_of("names held", std::uint64_t{pools} * in_a_pool, named);
  faults += fault_of("monitors answered", count.monitors, count.downs);
  const std::size_t memory_after = resident_bytes();

  exit(tree, exit_reason::shutdown());
  receive(when([tree](const exit_signal& end) { return end.sender == tree; }, [](exit_signal) {}));
  // What the last of them hold goes with their last act, on another thread.
  live_objects after = count_live_objects();
  for (int patience = 0; patience < 1000 && after != before; ++patience) {
    sleep(1ms);
    after = count_live_objects();
  }
  if (after != before) {
    faults += fmt::format("soak: live objects: expected {}; found {}\n", to_string(before), to_string(after));
  }
  // Caches of threads and of the allocator fill in the beginning; from then on there is to be no more, however many
  // cuts follow. A sanitizer keeps what is freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr bool gives_memory_back = false;
#else
  constexpr bool gives_memory_back = true;
#endif
  constexpr std::size_t slack_of_caches = std::size_t{8} << 20U;
  const std::size_t slack_when_warm = (std::size_t{512} << 10U) + runtime::current()->threads() * (256U << 10U);
  const std::size_t memory_warm = count.memory_warm.load();
  if (gives_memory_back &&
      (memory_after > memory_before + slack_of_caches || memory_after > memory_warm + slack_when_warm)) {
    faults += fmt::format("soak: resident memory grew from {} to {} bytes in the first quarter, and then to {}\n",
                          memory_before, memory_warm, memory_after);
  }
  fmt::print("{} cuts, {} calls answered, {} failed; resident memory {} before, {} after a quarter, {} after\n",
             count.cuts.load(), count.answered.load(), count.failed.load(), memory_before, memory_warm, memory_after);
  fmt::print(stderr, "{}", faults);
  return faults.empty() ? 0 : 1;
}

}  // namespace

int main(int argument_count, char** words) {
  CLI::App app{"A tree that is cut down over and over, for real"};
  std::uint64_t cuts = 1'000'000;
  unsigned threads = 2;
  std::uint64_t seed = 1;
  app.add_option("--cuts", cuts, "how many");
  app.add_option("--threads", threads, "scheduler threads");
  app.add_option("--seed", seed, "who is cut");
  try {
    app.parse(argument_count, words);
    set_log_handler([](const log_record&) {});
    runtime_options options;
    options.threads = threads;
    return coppice::run([&] { return soak(cuts, seed); }, options);
  } catch (const CLI::ParseError& fault) {
    return app.exit(fault);
  } catch (const std::exception& fault) {
    fmt::print(stderr, "soak: {}\n", fault.what());
    return 2;
  }
}
