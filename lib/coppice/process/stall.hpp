#pragma once

#include <chrono>
#include <string>

#include <coppice/process/pid.hpp>

namespace coppice {

/// A process that keeps the scheduler thread it runs on: it neither waits nor gets on to its next message. See
/// `runtime_options::on_stall`.
struct stall {
  pid process;
  std::string name;                ///< Its registered name; empty when it has none.
  std::string initial_call;        ///< The class of a server, the type of a function.
  std::string message;             ///< The type of the message that it handles, or took last; empty: of none yet.
  std::chrono::milliseconds time;  ///< For how long it has been seen doing so. It goes on.
};

/// `has been handling shop::add for 120 ms without a wait`.
std::string to_string(const stall& told);

}  // namespace coppice
