#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/chaos/watched_tree.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/script_step.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// How a process is hit at a point of a sweep.
enum class hit_way : unsigned char {
  kill,           ///< It is killed there.
  exception,      ///< std::runtime_error is thrown there.
  exit_signal,    ///< An exit signal `injected` acts there, or is queued there if it traps exits.
  failing_start,  ///< Its start fails there with `injected`.
  hang,           ///< It does not go on for an hour.
};

inline constexpr hit_way all_hit_ways[] = {hit_way::kill, hit_way::exception, hit_way::exit_signal,
                                           hit_way::failing_start, hit_way::hang};

/// `kill`, `exception`, `exit_signal`, `failing_start`, `hang`.
std::string_view to_string(hit_way) noexcept;
std::optional<hit_way> parse_hit_way(std::string_view text) noexcept;

/// A step of a run at which a process can be hit.
struct sweep_point {
  std::size_t number = 0;  ///< From 1 on, in the order in which the run comes to them.
  std::string path;
  fault_point step = fault_point::init_begins;
  std::string what;  ///< As `fault_injector::at` is told it.
};

/// `root/pool/calc-1 handler_begins add`.
std::string to_string(const sweep_point& point);

struct sweep_options {
  std::uint64_t seed = 0;
  chaos_victims victims{};            ///< No paths: every process of the tree.
  std::vector<hit_way> ways{};        ///< None: all.
  std::optional<std::size_t> only{};  ///< The number of the one point that is hit.
  /// What must be true beside the library's own invariants: asked when the tree is at rest after its start and after
  /// each step of the script, as long as the root lives. What they ask of workers makes no points.
  std::vector<named_invariant> invariants{};
  /// What workers answer when the script is over, before the shutdown, as long as the root lives. Makes no points.
  std::vector<chaos_expectation> expected{};
  /// The script is given a line each of what happens in a run, as `run_script` gives it. May be empty.
  std::function<bool(std::string_view)> trace{};
  /// Called before each run with a hit: how many are done, and how many there are. False: enough.
  std::function<bool(std::size_t done, std::size_t all)> progress{};
};

/// A run that did not stand the hit.
struct sweep_failure {
  sweep_point point;
  hit_way way = hit_way::kill;
  std::vector<chaos_violation> broken;
};

/// How far a sweep has come.
struct sweep_share {
  std::size_t runs = 0;      ///< With a hit.
  std::size_t all_runs = 0;  ///< As many as were to be.
};

struct sweep_outcome {
  std::vector<sweep_point> points;
  std::size_t runs = 0;      ///< With a hit.
  std::size_t all_runs = 0;  ///< As many as were to be.
  /// By path: with a hit on that process. All that have a point are there.
  std::map<std::string, sweep_share, std::less<>> processes;
  /// In so many of these the root had ended before it was told to: hit itself, or given up.
  std::size_t roots_lost = 0;
  /// What was wrong without any hit: then none was made.
  std::vector<chaos_violation> without_hit;
  std::vector<sweep_failure> failures;
  bool interrupted = false;
};

/// Runs the script on the tree (without steps: start, come to rest, shut down) once without harm, and then once for
/// each point at which one of the victims can be hit and each way of hitting it, each time from the same seed and with
/// one hit; and checks the invariants after each run.
///
/// A start can fail only where it begins; in the other ways every point is hit. Blocks the thread. No runtime may be
/// running. Throws std::invalid_argument if there is no point of that number, or nothing to be done there.
sweep_outcome sweep(const supervisor_spec& root, const std::vector<script_step>& steps, const worker_registry& workers,
                    const sweep_options& options);

}  // namespace coppice
