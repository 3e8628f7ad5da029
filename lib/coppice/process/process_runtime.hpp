#pragma once

// Private to lib/coppice.

#include <atomic>
#include <cstdint>
#include <optional>

#include <coppice/process/delay_lines.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/stall_reporter.hpp>
#include <coppice/scheduling/runtime.hpp>

namespace coppice::detail {

/// What the running runtime is for the process layer. Throws std::logic_error when none runs.
struct process_runtime {
  scheduling::runtime engine;
  runtime_options options;

  // In virtual time: who is to be woken when nothing else can run. On the one scheduler thread only.
  pid idle_watcher;
  reference idle_reference;

  // Whom to end when nothing can happen any more. On the one scheduler thread only.
  pid main;

  std::atomic<std::uint64_t> draws;  // the state of `draw`

  delay_lines delays{engine};  // used only with a fault injector

  std::optional<stall_reporter> stalls;

  explicit process_runtime(const runtime_options& wanted);

 private:
  bool wake_idle_watcher();
  bool end_if_stuck();
};

/// Where the random numbers of a runtime begin.
std::uint64_t first_draw(const runtime_options& options);

extern std::atomic<process_runtime*> the_running_runtime;
[[noreturn]] void refuse_without_runtime();

inline process_runtime* running_runtime_or_null() noexcept {
  return the_running_runtime.load(std::memory_order_acquire);
}

[[gnu::always_inline]] inline process_runtime& running_runtime() {
  process_runtime* const running = running_runtime_or_null();
  if (running == nullptr) [[unlikely]] {
    refuse_without_runtime();
  }
  return *running;
}

}  // namespace coppice::detail
