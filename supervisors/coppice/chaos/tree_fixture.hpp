#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/chaos/source_place.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/type_name.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/tree_event.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// What a test found wrong, and where in its source.
struct test_failure {
  std::string text;
  source_place where;
};

/// How a test is run with a seed.
struct test_options {
  /// A run that takes more virtual time than that has failed: it waits for what never comes.
  std::chrono::nanoseconds longest = std::chrono::hours{24};

  /// For the rest of the runtime. Its time, seed, threads and observer are the test's own.
  runtime_options runtime{};
};

namespace detail {
class tree_watch;
}

/// A process of a tree under test: its pid, or its path (`root/pool/calc-1`).
class tree_process {
 public:
  tree_process(pid process) : process_{process} {}                   // NOLINT(google-explicit-constructor)
  tree_process(std::string path) : path_{std::move(path)} {}         // NOLINT(google-explicit-constructor)
  tree_process(const char* path) : path_{path} {}                    // NOLINT(google-explicit-constructor)
  tree_process(std::string_view path) : path_{std::string{path}} {}  // NOLINT(google-explicit-constructor)

  /// False: a path was given.
  pid process() const noexcept { return process_; }
  const std::string& path() const noexcept { return path_; }

 private:
  pid process_;
  std::string path_;
};

/// What the body of a test works with. The body is a process in a simulation, traps exits, and is the parent of the
/// trees that it plants; when it returns, they are ended as their parent would end them, and have to leave no process
/// behind. So they outlive what is local to the body: let workers share what they and the body use.
///
/// An expectation that fails ends the run: what comes behind it is not run, and the test is told what was expected,
/// what was found, where, and what had happened in the trees. Keep it out of a CHECK, which would catch what ends the
/// run:
///
///     const pid now = test.expect_restart("shop/till");
///     CHECK(call(now, total{}) == 0);
///
/// All times are virtual. Those that wait have a limit: none waits in vain.
///
/// Threads: of the body's process only. Other processes report to it by messages.
///
///     test.plant("shop.json", workers);
///     const pid old = test.cut("shop/till");
///     test.expect_down(old, "killed");
///     test.expect_restart(old);
class tree_fixture {
 public:
  /// How long an expectation waits unless it is told: longer than any default of supervisors and servers.
  static constexpr std::chrono::seconds patience{60};

  using duration = std::chrono::nanoseconds;
  using place = source_place;

  explicit tree_fixture(detail::tree_watch& watch) : watch_{watch} {}
  tree_fixture(const tree_fixture&) = delete;
  tree_fixture& operator=(const tree_fixture&) = delete;

  // Trees

  /// Starts a tree in C++. Its paths begin with `root.path`, or with `root` if that is empty, and go on with the ids of
  /// children. Throws std::invalid_argument if it has an observer.
  pid plant(supervisor_init root, place where = place::current());

  /// Starts a tree from a file, or one that was made of it. `workers` must outlive the run.
  pid plant(const std::string& tree_file, const worker_registry& workers, place where = place::current());
  pid plant(const supervisor_spec& root, const worker_registry& workers, place where = place::current());

  // Commands

  /// Lets that time pass, and then waits until all that was due by then has been done.
  void advance(duration time);

  /// Sends it an exit signal, as `exit(pid, reason)` does; a process that traps exits gets a message, unless it is
  /// `kill`. Returns who was hit, and does not wait. Fails if nobody lives there.
  pid cut(const tree_process& victim, const exit_reason& how = exit_reason::kill(), place where = place::current());
  pid cut(const tree_process& victim, std::string_view reason, place where = place::current()) {
    return cut(victim, exit_reason::parse(reason), where);
  }

  /// The next starts of that path fail with `injected`, so many. Only for trees from files; Throws std::logic_error
  /// before one has been planted. Start functions in C++ can fail by themselves.
  void fail_next_starts(std::string_view path, std::uint64_t count);

  /// Ends the trees now, the last planted first, as their parent would. Fails if they leave a process behind.
  void end_trees(place where = place::current());

  // Expectations

  /// Takes the first message of that type out of the queue, waiting for it.
  template <class Message>
  Message expect_message(duration limit = patience, place where = place::current()) {
    return expect_message<Message>(detail::always{}, limit, where);
  }

  /// The first one of that type for which `guard` is true.
  template <class Message, std::predicate<const Message&> Guard>
  Message expect_message(Guard guard, duration limit = patience, place where = place::current()) {
    return receive(when(std::move(guard), [](Message& found) { return std::move(found); }),
                   after(limit, [&]() -> Message {
                     no_message(type_name<Message>(), !std::same_as<Guard, detail::always>, limit, where);
                   }));
  }

  /// The process ends, or has ended; returns why.
  exit_reason expect_down(pid process, duration limit = patience, place where = place::current());
  /// And for that reason; as a text, in Erlang's notation, an exception as `type: what`.
  void expect_down(pid process, const exit_reason& reason, duration limit = patience, place where = place::current());
  void expect_down(pid process, std::string_view reason, duration limit = patience, place where = place::current());

  /// A successor starts, or has started, in its place; returns it. With a pid: a successor of that process. With a
  /// path: of the one that was cut there last, or else that was expected there last, or else of the first.
  pid expect_restart(const tree_process& child, duration limit = patience, place where = place::current());

  /// `predicate` is true as soon as nobody can run, or becomes true at one of the times at which something is due.
  void eventually(const std::function<bool()>& predicate, duration limit = patience, place where = place::current());

  /// Fails the test.
  [[noreturn]] void fail(const std::string& text, place where = place::current());

  // Queries

  /// Who lives at that path.
  std::optional<pid> find(std::string_view path) const;
  /// The same; fails if nobody does.
  pid get(std::string_view path, place where = place::current());

  /// What has happened in the trees so far.
  const std::vector<tree_event>& events() const noexcept;

  /// What has happened since the last time, as lines: `started root/a 1`.
  std::vector<std::string> take_events();

  std::uint64_t seed() const noexcept;

 private:
  [[noreturn]] void no_message(std::string_view type, bool guarded, duration limit, place where);
  void wait_until(const std::function<bool()>& predicate, duration limit, const std::function<std::string()>& otherwise,
                  place where);
  std::string lives_now() const;

  detail::tree_watch& watch_;
};

/// Runs `body` in a simulation with that seed. Nothing: it has passed. `where` is for failures that have no place of
/// their own. What processes report meanwhile is not written to the log, but told in the failure.
///
/// An exception that leaves the body fails the test. Blocks the calling thread, which must be no process.
std::optional<test_failure> test_with_seed(std::uint64_t seed, const std::function<void(tree_fixture&)>& body,
                                           const test_options& options = {},
                                           source_place where = source_place::current());

}  // namespace coppice
