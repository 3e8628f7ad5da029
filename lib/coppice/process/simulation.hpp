#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

#include <coppice/process/runtime.hpp>

namespace coppice {

/// Runs of processes that can be had again: on one thread, in virtual time, and with a seed that draws who of those
/// that can run comes next. The same seed gives the same run, in every build and on every machine, as long as the
/// program's own code keeps off real time, threads, foreign random numbers and addresses
/// (docs/explanation/simulation.md).
///
/// A run that fails, because main crashed or returned anything but 0, is reported with its seed. One in which nothing
/// can happen any more, since all wait and no timer is pending, fails too: main is killed.
///
/// Like a runtime: one at a time in a program; blocks the calling thread, which must be no process.
///
///     simulation sim{42};
///     sim.run([] { sleep(std::chrono::hours{1}); });  // at once
class simulation {
 public:
  /// `options` for the rest of the runtime; `virtual_time`, `seed` and `closed` are the simulation's own.
  /// Throws std::invalid_argument for more than one thread.
  explicit simulation(std::uint64_t seed, runtime_options options = {});

  /// Runs `main` as `coppice::run` does, and returns its result (0 for void), or 1 if it crashed. Each run starts from
  /// the seed again.
  template <std::invocable Main>
  int run(Main main) const {
    return run_main([&main]() -> int {
      if constexpr (std::is_void_v<std::invoke_result_t<Main&>>) {
        main();
        return 0;
      } else {
        return main();
      }
    });
  }

  std::uint64_t seed() const noexcept { return *options_.seed; }

 private:
  int run_main(std::function<int()> main) const;

  runtime_options options_;
};

// For processes of a runtime in virtual time that drive the others: what the scripts of `coppice run --script` and
// simulations are made of. Each throws std::logic_error in real time.

/// Waits until no other process can run: all wait for a message or for a time that has not come. The clock stands
/// still. One process at a time may wait so.
void await_idle();

/// Moves the clock to the next timer and lets it fire. False, and nothing happens, when there is none.
bool advance_to_next_timer();

/// `await_idle`, and then lets time pass as long as a server is in the middle of something (it waits in a handler, in
/// its constructor or in `terminate`): afterwards all servers are at rest. False when some are not, and no timer will
/// ever wake them.
bool await_quiescence();

}  // namespace coppice
