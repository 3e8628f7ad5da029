#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/stall.hpp>

namespace coppice {

/// Is told of the ends of processes as they happen. See `runtime_options::observer`.
class process_observer {
 public:
  virtual ~process_observer();

  /// `ended` has ended: its state is gone, nobody has been told yet. Called on the thread that it ran on; must not
  /// wait, and must not throw.
  virtual void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept = 0;

  /// A message or a cast will never be handled: its receiver ended before, or in the middle of a server's handler, or
  /// was gone; `to` is false when nobody had the name. Told of any process; not of the library's own messages, and not
  /// of calls. What `receive` has taken is handled. Any thread; must not wait.
  virtual void message_lost(pid to, std::string_view type) noexcept;

  /// A call by any process failed, for `reason` (`timeout`, `noproc`, `undef`, `calling_self`, or that of the server's
  /// end). `server` is false when nobody had the name; `name` is empty when it was called by its pid. Any thread; must
  /// not wait.
  virtual void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept;
};

/// How a runtime is set up.
struct runtime_options {
  /// Scheduler threads; 0: one for each processor.
  unsigned threads = 0;

  /// Time stands still while anything can run, and jumps to the next timer when nothing can: hours pass in
  /// milliseconds. On one thread only.
  bool virtual_time = false;

  /// Who runs next is drawn with this seed instead of first come, first served. On one thread only.
  std::optional<std::uint64_t> seed{};

  /// In virtual time: other threads of the program have no word for its processes. When all wait and no timer is
  /// pending, nothing can happen any more: that is reported, and main is killed. Otherwise another thread may go on,
  /// and is waited for.
  bool closed = false;

  /// Bytes of stack of a process that does not ask for another size; at least 16 KiB.
  std::size_t stack_size = std::size_t{64} << 10U;

  /// Bytes of stack of the process that `run` makes of main.
  std::size_t main_stack_size = std::size_t{1} << 20U;

  /// How long `stop` waits for those that trap exits and were linked to main, before it kills what is left.
  std::chrono::milliseconds stop_grace{5000};

  /// Guard the stacks by `mprotect` only, as on kernels before 6.13: for tests of that path.
  bool without_light_guards = false;

  /// Told of the ends of processes that a supervisor started. Must outlive the runtime. May be null.
  process_observer* observer = nullptr;

  /// Asked at each step of the processes that a supervisor started whether it is to do them harm. Must outlive the
  /// runtime. Null: costs nothing.
  fault_injector* faults = nullptr;

  /// Told of each process that has kept its thread for `stall_after`, on a thread of its own that sleeps while all
  /// others do. Must not wait for a process. Empty: nobody looks. In real time only.
  std::function<void(const stall&)> on_stall{};
  std::chrono::milliseconds stall_after{100};
};

/// The scheduler threads and the processes that run on them.
///
/// One at a time in a program: `start` throws std::logic_error while another runs. After `stop`, or the destructor,
/// nothing is left of it: no thread, no process, no memory; a next one may start. Pids go on and are never used twice.
///
///     int main() {
///       return coppice::run([] { ... });  // main is a process here
///     }
class runtime {
 public:
  /// Throws std::invalid_argument for options that contradict each other.
  explicit runtime(runtime_options options = {});
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  ~runtime();

  void start();

  /// Kills all processes that are left, waits for their ends, and ends the threads. Blocks. Not from a process.
  void stop() noexcept;

  /// Starts, makes `main` a process, waits for its end, and stops. Returns what `main` returned, or 1 after saying why
  /// on standard error if it crashed. Those that `main` is linked to get its exit signal, and time to end
  /// (`stop_grace`) if they trap it: a supervisor ends its children in order.
  int run(std::function<int()> main);

  /// The runtime that runs; null when none does.
  static runtime* current() noexcept;

  unsigned threads() const noexcept;

  /// Processes whose stack was given up, because their code kept catching what was to unwind them.
  std::size_t abandoned() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// Runs `main` as a process of a new runtime, and returns its result (0 for void). See `runtime::run`.
template <std::invocable Main>
int run(Main main, runtime_options options = {}) {
  return runtime{std::move(options)}.run([&main]() -> int {
    if constexpr (std::is_void_v<std::invoke_result_t<Main&>>) {
      main();
      return 0;
    } else {
      return main();
    }
  });
}

}  // namespace coppice
