#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include <coppice/tree/tree_spec.hpp>

namespace coppice {

/// The steps of a script, one struct for each `do`. A path is the ids from the root on, joined by `/`.
///
/// Reasons are text in Erlang notation, `boom` or `{shutdown,x}`.
namespace step {

/// An exit signal from a process that is no relative.
struct exit {
  std::string target;
  std::string reason;
};

/// The process itself exits with the reason.
struct crash {
  std::string target;
  std::string reason;
};

/// One message to a worker.
struct send {
  std::string target;
  std::shared_ptr<nlohmann::json const> message;  ///< An object with one key, the message's name; never null.
};

/// The current value of a worker.
struct view {
  std::string target;
};

struct terminate_child {
  std::string supervisor;
  std::string id;
};

struct restart_child {
  std::string supervisor;
  std::string id;
};

struct delete_child {
  std::string supervisor;
  std::string id;
};

struct start_child {
  std::string supervisor;
  tree_child spec;
  /// Whether the spec has a `significant` that no supervisor allows. The running supervisor's own `auto_shutdown` is
  /// not known here: it is for the supervisor to judge.
  bool bad_combination = false;
};

struct which_children {
  std::string supervisor;
};

struct count_children {
  std::string supervisor;
};

/// The next `count` attempts to start the path fail. Set, not added; 0 clears it.
struct fail_next_starts {
  std::string target;
  std::uint64_t count;
};

/// Virtual time passes.
struct advance {
  std::chrono::milliseconds time;
};

}  // namespace step

using script_action = std::variant<step::exit, step::crash, step::send, step::view, step::terminate_child,
                                   step::restart_child, step::delete_child, step::start_child, step::which_children,
                                   step::count_children, step::fail_next_starts, step::advance>;

/// A step and where it stands.
struct script_step {
  script_action action;
  std::string pointer;  ///< In the script file: `/0` for step 1.
};

/// The `do` of an action: `which_children`.
std::string_view name_of(script_action const& action) noexcept;

}  // namespace coppice
