#pragma once

#include <chrono>
#include <string_view>

#include <coppice/process/pid.hpp>

namespace coppice {

/// A step of a process at which a fault can be injected.
enum class fault_point : unsigned char {
  init_begins,       ///< A server is about to be made, with its name taken; a function is about to be called.
  init_ends,         ///< The server is made, and whoever starts it has not been told; or a function has returned.
  handler_begins,    ///< A server has taken a message from its queue.
  handler_ends,      ///< It has handled it; a reply has not been sent.
  terminate_begins,  ///< A server is about to `terminate`.
  terminate_ends,    ///< It has.
  receive,           ///< The process is about to look for a message in `receive`, or to `sleep`.
  child_starts,      ///< A supervisor is about to start a child.
  child_started,     ///< It has started one, and noted it.
  child_ends,        ///< A supervisor is about to end a child.
  child_ended,       ///< It has ended one, and noted it.
};

/// The enumerator's name: `handler_begins`.
std::string_view to_string(fault_point) noexcept;

/// Does harm to processes on purpose. See `runtime_options::faults`.
///
/// Asked only about processes that a supervisor started (and the root of a tree), so that what drives a test is left
/// alone; and not about one that is ending anyway, that unwinds or destroys something, or that is busy being asked.
class fault_injector {
 public:
  virtual ~fault_injector();

  /// The calling process has come to that point. Called on its stack: may do whatever the code of the process may do
  /// there, that is wait, throw, `exit`, or spend its time. `what` is the type of the message for handlers, the id of
  /// the child for a supervisor's steps, and empty otherwise.
  ///
  /// What it throws is taken for thrown by the code there: a start that fails, a handler that crashes (its call is not
  /// answered), a reason for the end out of `terminate`, a supervisor that crashes and ends its children. `exit(self(),
  /// exit_reason::kill())` ends the process on the spot.
  virtual void at(fault_point point, std::string_view what) = 0;

  /// How long what is sent to `to` now is under way: messages, replies and signals alike. What one process sends to
  /// another still arrives in order, so that it may have to wait for what was sent before. What a process sends to
  /// itself is there at once. When the runtime ends, so is everything. Any thread; must not wait.
  virtual std::chrono::nanoseconds delay(pid to) noexcept {
    static_cast<void>(to);
    return std::chrono::nanoseconds{0};
  }

  /// Whether the allocation that the calling process is about to make through the library (for a message that it sends,
  /// a process, a link, a monitor, a timer, a name) is to fail, with std::bad_alloc. Nothing has been changed then.
  /// Once for each such call. Must not wait.
  virtual bool fails_allocation() noexcept { return false; }
};

}  // namespace coppice
