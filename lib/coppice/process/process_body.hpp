#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/process/pid.hpp>

namespace coppice::detail {

class control_block;
struct message_type;
struct way_out;

/// What a process does: a function to run, or a server whose handlers are called.
class process_body : public pooled_object {
 public:
  enum class turn : unsigned char {
    rests,  ///< Nothing to do until something arrives. It has no stack then.
    again,  ///< It would go on, but its budget is spent.
    ended,  ///< It is over, for the reason that it has left with the process (`ends_with`).
  };

  process_body() noexcept = default;
  process_body(const process_body&) = delete;
  process_body& operator=(const process_body&) = delete;
  virtual ~process_body();

  /// One turn. What it throws ends the process with that for a reason.
  virtual turn run(control_block& process) = 0;

  /// The process is to end with `reason`, by itself. Called by the process, while it looks at what has arrived.
  virtual void end_by_itself(control_block& process, exit_reason reason);

  /// The type of the message or cast that it has taken and not done with; null: there is none.
  virtual const message_type* in_hand(const control_block& process) const noexcept;

  /// The process is to call `what`, as if that were its own code. Called by the process, while it looks at what has
  /// arrived.
  virtual void act(control_block& process, std::function<void()> what);

  /// A process that is linked to this one, which traps exits, has ended: what is known of it will be needed. Called by
  /// the process, while it looks at what has arrived.
  virtual void fetch_what_is_known_of(pid ended) const noexcept;

  /// How its present turn may be left without unwinding; null: not at all.
  virtual way_out* out() const noexcept { return nullptr; }

  /// Bytes of it on the heap.
  virtual std::size_t memory() const noexcept { return 0; }

  /// Whether the fiber that it is on now is its own, and not one that is lent to it for a turn.
  virtual bool holds_stack(const control_block& process) const noexcept = 0;
};

}  // namespace coppice::detail
