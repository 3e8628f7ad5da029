#include "occasion.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <thread>
#include <utility>

#include <benchmark/benchmark.h>
#include <unistd.h>

namespace bench {

namespace {

/// Keeps the time of the one benchmark that is run, and prints nothing.
class keeper final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs) {
      if (run.run_type == Run::RT_Iteration && !run.error_occurred) time_ = run.GetAdjustedRealTime();
    }
  }
  std::optional<double> time() const noexcept { return time_; }

 private:
  std::optional<double> time_;
};

[[noreturn]] void usage(std::string_view wrong, std::initializer_list<workload> workloads) {
  std::fprintf(stderr,
               "%.*s\n"
               "usage: PROGRAM [--threads N] [--repetitions N] [--size tiny|quick|full] [--seed N] [--count N] "
               "[WORKLOAD...]\n"
               "workloads of this program:",
               static_cast<int>(wrong.size()), wrong.data());
  for (const auto& each : workloads)
    std::fprintf(stderr, " %.*s", static_cast<int>(each.name.size()), each.name.data());
  std::fputs("\n", stderr);
  std::exit(2);
}

settings read_arguments(int count, char** arguments, std::initializer_list<workload> workloads) {
  settings asked;
  for (int place = 1; place < count; ++place) {
    const std::string_view option = arguments[place];
    if (!option.starts_with("--")) {
      const bool known =
          std::any_of(workloads.begin(), workloads.end(), [&](auto& each) { return each.name == option; });
      if (!known) usage("no such workload: " + std::string{option}, workloads);
      asked.only.emplace_back(option);
      continue;
    }
    const std::string_view value = place + 1 < count ? arguments[++place] : "";
    if (option == "--size") {
      if (value == "tiny")
        asked.size = extent::tiny;
      else if (value == "quick")
        asked.size = extent::quick;
      else if (value == "full")
        asked.size = extent::full;
      else
        usage("--size: expected tiny, quick or full, got \"" + std::string{value} + '"', workloads);
      continue;
    }
    std::uint64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || read.ec != std::errc{} || read.ptr != value.data() + value.size()) {
      usage(std::string{option} + ": expected a number, got \"" + std::string{value} + '"', workloads);
    }
    if (option == "--threads" && number > 0)
      asked.threads = static_cast<unsigned>(number);
    else if (option == "--repetitions")
      asked.repetitions = static_cast<unsigned>(number);
    else if (option == "--seed")
      asked.seed = number;
    else if (option == "--count" && number > 0)
      asked.count = number;
    else
      usage("no such option: " + std::string{option} + ' ' + std::string{value}, workloads);
  }
  return asked;
}

}  // namespace

occasion::occasion(const settings& asked, std::string_view system, std::string_view workload, unsigned repetition)
    : asked_{asked}, system_{system}, workload_{workload}, random_{asked.seed + repetition} {}

void occasion::measure(std::uint64_t batch, const std::function<void(std::uint64_t)>& body, std::string_view part) {
  run(
      batch, false,
      [&body](std::uint64_t operations) {
        body(operations);
        return std::chrono::nanoseconds{};
      },
      part);
}

void occasion::measure_parts(std::uint64_t batch, const std::function<std::chrono::nanoseconds(std::uint64_t)>& body,
                             std::string_view part) {
  run(batch, true, body, part);
}

void occasion::run(std::uint64_t batch, bool manual, const std::function<std::chrono::nanoseconds(std::uint64_t)>& body,
                   std::string_view part) const {
  benchmark::ClearRegisteredBenchmarks();
  auto* made = benchmark::RegisterBenchmark(workload_.c_str(), [&](benchmark::State& state) {
    const auto each = static_cast<benchmark::IterationCount>(batch);
    while (state.KeepRunningBatch(each)) {
      const auto time = body(batch);
      if (manual) state.SetIterationTime(std::chrono::duration<double>(time).count());
    }
  });
  if (manual)
    made->UseManualTime();
  else
    made->UseRealTime();
  if (asked_.size == extent::tiny) {
    made->Iterations(static_cast<benchmark::IterationCount>(batch));
  } else {
    made->MinWarmUpTime(pick(0.0, 0.02, 0.1));
    made->MinTime(pick(0.0, 0.06, 0.5));
  }
  keeper kept;
  benchmark::RunSpecifiedBenchmarks(&kept);
  benchmark::ClearRegisteredBenchmarks();
  expect(kept.time().has_value(), "Google Benchmark has run it");
  report(*kept.time(), "ns", part);
}

void occasion::report(double value, std::string_view unit, std::string_view part) const {
  expect(std::isfinite(value), "a figure is a number");
  std::string line = "{\"workload\": \"" + workload_;
  if (!part.empty()) line.append("_").append(part);
  line += "\", \"system\": \"" + system_ + "\", \"threads\": " + std::to_string(asked_.threads);
  if (asked_.count) line += ", \"count\": " + std::to_string(*asked_.count);
  line.append(", \"unit\": \"").append(unit).append("\", \"value\": ");
  std::printf("%s%.10g}\n", line.c_str(), value);
  std::fflush(stdout);
}

int run_program(int count, char** arguments, std::string_view system, std::initializer_list<workload> workloads,
                const std::function<void(const settings&, const std::function<void()>&)>& within) {
  const settings asked = read_arguments(count, arguments, workloads);
  const auto wanted = [&asked](std::string_view name) {
    return asked.only.empty() || std::find(asked.only.begin(), asked.only.end(), name) != asked.only.end();
  };
  for (unsigned repetition = 0; repetition < asked.repetitions; ++repetition) {
    for (const auto& each : workloads) {
      if (!wanted(each.name)) continue;
      occasion now{asked, system, each.name, repetition};
      bool done = false;
      within(asked, [&] {
        each.run(now);
        done = true;
      });
      expect(done, std::string{each.name} + " has run to its end");
    }
  }
  return 0;
}

void expect(bool holds, std::string_view what) {
  if (holds) return;
  std::fflush(stdout);
  std::fprintf(stderr, "bench: it is not so that %.*s\n", static_cast<int>(what.size()), what.data());
  std::_Exit(1);
}

double quantile(std::vector<double> values, double fraction) {
  expect(!values.empty(), "there are values to take a quantile of");
  std::sort(values.begin(), values.end());
  const double place = fraction * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 == values.size()) return values.back();
  return std::lerp(values[below], values[below + 1], place - static_cast<double>(below));
}

double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double all = 0;
  double resident = 0;
  statm >> all >> resident;
  expect(static_cast<bool>(statm), "/proc/self/statm can be read");
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

namespace {

std::chrono::nanoseconds used_by(clockid_t whom) {
  timespec used{};
  ::clock_gettime(whom, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

}  // namespace

std::chrono::nanoseconds cpu_time_of_others(std::chrono::nanoseconds time) {
  // The process's clock is read before the thread's at first, and after it at last: so what passes in between counts
  // for the others, twice.
  const auto all = used_by(CLOCK_PROCESS_CPUTIME_ID);
  const auto own = used_by(CLOCK_THREAD_CPUTIME_ID);
  std::this_thread::sleep_for(time);
  const auto own_now = used_by(CLOCK_THREAD_CPUTIME_ID);
  const auto all_now = used_by(CLOCK_PROCESS_CPUTIME_ID);
  return (all_now - all) - (own_now - own);
}

}  // namespace bench
