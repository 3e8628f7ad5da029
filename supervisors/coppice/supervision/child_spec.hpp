#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <coppice/behaviours/server.hpp>
#include <coppice/behaviours/start.hpp>
#include <coppice/supervision/child_type.hpp>
#include <coppice/supervision/restart_type.hpp>
#include <coppice/supervision/shutdown_time.hpp>

namespace coppice {

/// Starts a child, linked to its caller, the supervisor. Called again at each restart. What it throws is a failed start
/// (S84).
using start_function = std::function<start_result()>;

/// How a supervisor starts, restarts and stops one child. Fields and defaults are OTP's (S82).
struct child_spec {
  std::string id{};        ///< Unique within its supervisor. Required.
  start_function start{};  ///< Returns the pid of a process linked to the caller. Required.
  restart_type restart = restart_type::permanent;
  /// Grace between the signal `shutdown` and `kill`. Unset: 5 s for a worker, no limit for a supervisor.
  std::optional<shutdown_time> shutdown{};
  child_type type = child_type::worker;
  /// Its end by itself may end the supervisor (`auto_shutdown`). Only with `transient` or `temporary`.
  bool significant = false;
};

/// A start function for a server; the arguments are copied into each new incarnation.
template <class Server, class... Arguments>
start_function starts(start_options options, Arguments... arguments) {
  return [options, arguments = std::tuple<Arguments...>{std::move(arguments)...}] {
    return std::apply([&options](const auto&... each) { return start_link<Server>(options, each...); }, arguments);
  };
}

template <class Server, class... Arguments>
start_function starts(Arguments... arguments) {
  return starts<Server>(start_options{}, std::move(arguments)...);
}

}  // namespace coppice
