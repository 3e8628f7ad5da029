#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>

namespace coppice {

/// What `exit(reason)` throws. Not derived from std::exception, so that only who means it catches it (S14).
struct exit_exception {
  exit_reason reason;
};

/// An error of the program, named by an atom as Erlang's are: `throw error{"badarith"}` ends the process with
/// `badarith`.
class error : public std::exception {
 public:
  /// `name` becomes the exit reason; `text` is for people, and may say more.
  explicit error(std::string_view name, std::string text = {}) : error{exit_reason{name}, std::move(text)} {}
  explicit error(exit_reason reason, std::string text = {});

  const exit_reason& reason() const noexcept { return reason_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  exit_reason reason_;
  std::string text_;
};

/// Ends the calling process with that reason, by throwing `exit_exception` (S13, S14).
[[noreturn]] void exit(exit_reason reason = exit_reason::normal());
[[noreturn]] void exit(std::string_view reason);

/// So that nobody calls the C library's by accident, which would end the program.
void exit(int status) = delete;

/// Sends an exit signal as from the calling process, or from nobody when called outside a process (S15 to S23).
///
/// `kill` ends the receiver with `killed`, whatever it traps; `normal` is ignored by others than oneself and received
/// as a message by who traps; anything else ends a receiver that does not trap. A dead pid: nothing happens. Does not
/// wait, except that a signal to oneself acts before this returns.
void exit(pid receiver, exit_reason reason);
void exit(pid receiver, std::string_view reason);

}  // namespace coppice
