#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace coppice {

namespace detail {

/// Runs `work` on a thread of the pool and suspends the calling process meanwhile.
void run_blocking(const std::function<void()>& work);

}  // namespace detail

/// Runs `work`, which may block its thread (a system call, a long computation), on a thread of a pool, while the
/// calling process waits and its scheduler thread serves others. Returns what it returns and throws what it throws.
///
/// An exit signal, also `kill`, acts when `work` has returned. In virtual time it runs inline and takes no time.
/// Functions that speak of the calling process (`self`, `receive`) cannot be used inside `work`.
template <std::invocable Work>
std::invoke_result_t<Work&> blocking(Work&& work) {
  using result = std::invoke_result_t<Work&>;
  std::exception_ptr thrown;
  if constexpr (std::is_void_v<result>) {
    detail::run_blocking([&]() noexcept {
      try {
        work();
      } catch (...) {
        thrown = std::current_exception();
      }
    });
    if (thrown) std::rethrow_exception(thrown);
  } else {
    std::optional<result> returned;
    detail::run_blocking([&]() noexcept {
      try {
        returned.emplace(work());
      } catch (...) {
        thrown = std::current_exception();
      }
    });
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*returned);
  }
}

}  // namespace coppice
