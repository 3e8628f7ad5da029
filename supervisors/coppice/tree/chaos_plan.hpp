#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace coppice {

/// How a process is hit.
namespace harm {

/// An exit signal `kill`.
struct kill {};

/// It ends itself with that reason, as by `exit(reason)`; a server by an orderly stop with it.
struct crash {
  std::string reason;
};

/// It throws std::runtime_error with that text, as a handler of a server does; a function throws where it waits.
struct throw_exception {
  std::string what;
};

/// An exit signal with that reason from a process that is no relative.
struct exit_signal {
  std::string reason;
};

/// The next starts of its path fail with `injected`, so many; it is killed, so that there is a next start.
struct fail_starts {
  std::uint64_t count = 1;
};

/// It does not go on, as a server whose handler does not return, for that long; unset: until all harm is over.
struct hang {
  std::optional<std::chrono::nanoseconds> time;
};

/// Each of its handlers takes that much longer, for a while.
struct slow {
  std::chrono::nanoseconds by{0};
  std::chrono::nanoseconds lasting{0};
};

/// What is sent to it is under way for so long, for a while.
struct delay {
  std::chrono::nanoseconds by{0};
  std::chrono::nanoseconds lasting{0};
};

/// The n-th allocation that it makes through the library from now on fails with std::bad_alloc.
struct bad_alloc {
  std::uint64_t nth = 1;
};

}  // namespace harm

using chaos_harm = std::variant<harm::kill, harm::crash, harm::throw_exception, harm::exit_signal, harm::fail_starts,
                                harm::hang, harm::slow, harm::delay, harm::bad_alloc>;

/// `kill`, `crash boom`, `hang 5 s`, ...
std::string to_string(const chaos_harm& how);

/// Which processes of a tree.
struct chaos_victims {
  enum class kind : unsigned char { any, worker, supervisor };
  std::vector<std::string> paths;   ///< Patterns, `root/pool/*`: `*` within an id, `**` for any number of ids.
  std::vector<std::string> except;  ///< Patterns too.
  kind of = kind::any;              ///< `leaf` in a plan is `worker`.
};

/// Whether a process is one of them.
bool matches(const chaos_victims& victims, std::string_view path, bool is_supervisor);

/// Harm that is done again and again.
struct chaos_fault {
  chaos_victims victims;
  /// How many are hit at once: that many of those who live and match, or that share of them (1 to 100 per cent,
  /// rounded up).
  std::uint32_t count = 1;
  std::optional<double> share;
  /// One is drawn each time.
  std::vector<chaos_harm> how;
  /// How often it strikes.
  double per_second = 1;
  enum class distribution : unsigned char {
    regular,  ///< All the same time apart.
    poisson,  ///< At random times, as independent events are.
    once,     ///< Only once, when the phase begins.
  };
  distribution spread = distribution::poisson;
  std::string pointer;  ///< Where it stands in the file.
};

/// A time in which certain faults happen.
struct chaos_phase {
  std::string name;
  std::chrono::nanoseconds duration{0};
  std::vector<chaos_fault> faults;  ///< None: a rest.
};

/// Work for the workers while they are cut, from outside the tree.
struct chaos_load {
  chaos_victims to;
  std::shared_ptr<const nlohmann::json> message;               ///< An object with one key, its name; never null.
  bool is_call = false;                                        ///< And not a cast.
  double per_second = 1;                                       ///< To each of them.
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};  ///< Of a call.
  std::string pointer;
};

/// What must be true of an answer when the tree is quiet, at the end.
struct chaos_expectation {
  std::string path;
  std::shared_ptr<const nlohmann::json> message;  ///< A call; never null.
  std::shared_ptr<const nlohmann::json> equals;   ///< Never null.
  std::string pointer;
};

/// What a run may cost; beyond, it has failed. Unset: no limit.
struct chaos_limits {
  std::optional<double> recovery_median_ms;
  std::optional<double> recovery_p99_ms;
  std::optional<double> recovery_max_ms;
  std::optional<double> availability;  ///< Per cent, of each child.
  std::optional<std::uint64_t> give_ups;
  std::optional<std::uint64_t> lost_messages;
  std::optional<std::uint64_t> failed_calls;
  std::optional<std::uint64_t> blast_radius;  ///< Others that went down with one hit.
};

/// What is done to a tree, for how long, and what it has to stand.
struct chaos_plan {
  std::optional<std::uint64_t> seed;  ///< The command's comes first.
  std::vector<chaos_phase> phases;
  std::vector<chaos_load> load;
  std::vector<chaos_expectation> expect;
  chaos_limits limits;

  std::chrono::nanoseconds duration() const noexcept;

  /// How long a message may be under way at most.
  std::chrono::nanoseconds longest_delay() const noexcept;
};

}  // namespace coppice
