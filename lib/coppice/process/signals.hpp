#pragma once

#include <string>
#include <variant>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/message_type.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>

namespace coppice {

/// What a process that traps exits receives in place of an exit signal: Erlang's `{'EXIT', Sender, Reason}` (S19, S29).
struct exit_signal {
  pid sender;  ///< The linked process that ended, or the caller of `exit(pid, reason)`.
  exit_reason reason;
};

namespace detail {
template <>
inline constexpr system_message system_message_of<exit_signal> = system_message::exit_signal;
}

/// What a monitor delivers, once: Erlang's `{'DOWN', Ref, process, Object, Reason}` (S34).
struct down {
  reference ref;     ///< Of the `monitor` call.
  pid process;       ///< The monitored one; false when a name was monitored that nobody had.
  std::string name;  ///< The name, when a name was monitored (S36).
  exit_reason reason;
};

}  // namespace coppice
