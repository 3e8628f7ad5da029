#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/function_body.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process_body.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/process/type_name.hpp>

namespace coppice {

/// How a process is spawned, beside what it does.
struct spawn_options {
  bool link = false;      ///< Linked to the caller from its first moment on (S27).
  bool monitor = false;   ///< Monitored by the caller from its first moment on.
  std::size_t stack = 0;  ///< Bytes; 0: the runtime's `stack_size`. Rounded up to a power of two, at least 16 KiB.
};

/// A process and the reference of the caller's monitor of it.
struct spawned {
  pid process;
  reference ref;
};

namespace detail {

spawned spawn_body(std::unique_ptr<process_body> body, const spawn_options& options, std::string_view initial_call);

template <class Function>
class body_of final : public function_body {
 public:
  explicit body_of(Function function) : function_{std::move(function)} {}

  std::size_t memory() const noexcept override { return sizeof(*this); }

 private:
  void call() override { function_(); }

  Function function_;
};

template <class Function>
spawned spawn_function(Function&& function, const spawn_options& options) {
  using body = body_of<std::decay_t<Function>>;
  before_allocation();
  return spawn_body(std::make_unique<body>(std::forward<Function>(function)), options,
                    type_name<std::decay_t<Function>>());
}

}  // namespace detail

/// Starts a process that runs `function` and ends with it: with `normal` when it returns, with the reason that it gives
/// to `exit`, with the exception that leaves it (S13). Nothing that it throws goes any further.
///
/// Returns its pid at once, also when the function will fail (S11). The process owns a stack for its life and may wait
/// anywhere. `function` is moved to it, and destroyed by it.
///
/// Threads: from a process; on a thread that is none, the new process has no parent. Throws std::logic_error when no
/// runtime runs, std::length_error when the process table is full.
template <std::invocable Function>
pid spawn(Function&& function, const spawn_options& options = {}) {
  return detail::spawn_function(std::forward<Function>(function), options).process;
}

/// `spawn`, and linked to the caller, at once: the child cannot die before the link is there (S27).
template <std::invocable Function>
pid spawn_link(Function&& function, spawn_options options = {}) {
  options.link = true;
  return detail::spawn_function(std::forward<Function>(function), options).process;
}

/// `spawn`, and monitored by the caller, at once.
template <std::invocable Function>
spawned spawn_monitor(Function&& function, spawn_options options = {}) {
  options.monitor = true;
  return detail::spawn_function(std::forward<Function>(function), options);
}

}  // namespace coppice
