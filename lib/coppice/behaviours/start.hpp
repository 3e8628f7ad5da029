#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>

namespace coppice {

/// What came of starting a process: it runs, it asked to be ignored, or it failed (S56).
class start_result {
 public:
  static start_result ok(pid started) { return start_result{state::ok, started, {}}; }
  static start_result ignored() { return start_result{state::ignored, {}, {}}; }
  static start_result failed(exit_reason reason) { return start_result{state::failed, {}, std::move(reason)}; }
  /// `{already_started,Pid}`.
  static start_result already_started(pid holder) {
    return start_result{state::failed, holder,
                        exit_reason::tuple({exit_reason{"already_started"}, exit_reason{coppice::to_string(holder)}})};
  }

  /// True: it runs.
  explicit operator bool() const noexcept { return state_ == state::ok; }
  bool is_ignored() const noexcept { return state_ == state::ignored; }
  bool is_failed() const noexcept { return state_ == state::failed; }

  /// The process that runs: the new one, or after `already_started` the old one. False for all other results.
  pid process() const noexcept { return process_; }

  /// Why it failed.
  const exit_reason& error() const noexcept { return error_; }

 private:
  enum class state : unsigned char { ok, ignored, failed };
  start_result(state what, pid process, exit_reason error)
      : state_{what}, process_{process}, error_{std::move(error)} {}

  state state_;
  pid process_;
  exit_reason error_;
};

/// How a server is started, beside its arguments.
struct start_options {
  std::string name{};                                  ///< Registered before its constructor runs; empty: none.
  std::optional<std::chrono::milliseconds> timeout{};  ///< For its constructor; none: for as long as it takes.
  std::size_t stack = 0;                               ///< Bytes, while it handles something; 0: the runtime's default.
};

/// Called in the constructor of a server: it is not wanted. Its process ends with `normal`, and whoever started it gets
/// `start_result::ignored`.
[[noreturn]] void ignore();

namespace detail {

/// What `ignore` throws.
struct ignore_request {};

}  // namespace detail
}  // namespace coppice
