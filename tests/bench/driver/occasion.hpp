#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// How much work a run does: just enough to see that it works, enough for a first look, or what the figures in the
/// documentation stand for.
enum class extent : unsigned char { tiny, quick, full };

/// What a benchmark program was asked for.
struct settings {
  unsigned threads = 1;
  unsigned repetitions = 1;
  extent size = extent::quick;
  std::uint64_t seed = 1;
  std::vector<std::string> only;       ///< Workloads to run; empty: all that the program has.
  std::optional<std::uint64_t> count;  ///< How many there are of what a scaling run varies.
};

/// One repetition of one workload: how large it is, and where its figures go.
class occasion {
 public:
  occasion(const settings& asked, std::string_view system, std::string_view workload, unsigned repetition);

  unsigned threads() const noexcept { return asked_.threads; }

  template <class T>
  T pick(T tiny, T quick, T full) const noexcept {
    return asked_.size == extent::tiny ? tiny : asked_.size == extent::quick ? quick : full;
  }

  /// `--count`, or that.
  std::uint64_t count_or(std::uint64_t standard) const noexcept { return asked_.count.value_or(standard); }

  /// The same numbers in each run with the same seed.
  std::mt19937_64& random() noexcept { return random_; }

  /// Google Benchmark calls `body(operations)`, warm-up first, until it has run for long enough; `body` does so many
  /// operations, a multiple of `batch`, and returns when they are done. Reports nanoseconds an operation.
  void measure(std::uint64_t batch, const std::function<void(std::uint64_t)>& body, std::string_view part = {});

  /// The same for a body that prepares something first: only the time that it returns counts.
  void measure_parts(std::uint64_t batch, const std::function<std::chrono::nanoseconds(std::uint64_t)>& body,
                     std::string_view part = {});

  /// A figure of a run that is a whole life. `part` tells several figures of one workload apart: `kill_300_p99`.
  void report(double value, std::string_view unit = "ns", std::string_view part = {}) const;

 private:
  void run(std::uint64_t batch, bool manual, const std::function<std::chrono::nanoseconds(std::uint64_t)>& body,
           std::string_view part) const;

  const settings& asked_;
  std::string system_;
  std::string workload_;
  std::mt19937_64 random_;
};

struct workload {
  std::string_view name;
  void (*run)(occasion& now);
};

/// The main of a benchmark program: reads the arguments, and has each workload run `within` the system that is
/// measured, as often as asked. Each figure is one line of JSON on standard output.
int run_program(int count, char** arguments, std::string_view system, std::initializer_list<workload> workloads,
                const std::function<void(const settings&, const std::function<void()>&)>& within);

/// Ends the program with status 1, after saying `what` was not so. A benchmark that computes something wrong has no
/// figures.
void expect(bool holds, std::string_view what);

using clock = std::chrono::steady_clock;

inline double nanoseconds(clock::duration time) {
  return std::chrono::duration<double, std::nano>(time).count();
}

/// Of values in any order; `fraction` 0.5 is the median.
double quantile(std::vector<double> values, double fraction);

/// What the kernel says that this program holds in memory, in bytes.
double resident_bytes();

/// Sleeps so long, and returns what processor time all the other threads of this program have used meanwhile: what a
/// system takes while it has nothing to do, and not what it takes to wake up whoever looks.
std::chrono::nanoseconds cpu_time_of_others(std::chrono::nanoseconds time);

}  // namespace bench
