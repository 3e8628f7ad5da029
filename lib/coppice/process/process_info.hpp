#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/process/pid.hpp>

namespace coppice {

/// What can be asked of a process. The first group is read without its help, so also of one that is stuck; the second
/// is its own answer.
enum class info : std::uint8_t {
  registered_name,
  status,
  message_queue_len,
  reductions,
  current_message,
  initial_call,
  parent,
  ancestors,
  trap_exit,

  memory,
  messages,
  links,
  monitors,
  monitored_by,
  dictionary,
};

std::string_view to_string(info) noexcept;

/// What a process is doing.
enum class process_status : std::uint8_t {
  runnable,  ///< Waits for its turn.
  running,   ///< Has its turn.
  waiting,   ///< Waits for something to arrive.
  exiting,   ///< Is ending.
};

std::string_view to_string(process_status) noexcept;

/// The answer: the items that were asked for, the others empty.
struct process_description {
  pid process;
  std::string registered_name;  ///< Empty: it has none.
  process_status status = process_status::runnable;
  std::size_t message_queue_len = 0;  ///< Messages that have arrived and that it has not taken yet.
  std::uint64_t reductions = 0;       ///< Messages that it has handled, roughly.
  std::string current_message;        ///< Type of the message that it handles, or handled last.
  std::string initial_call;           ///< What it was spawned with.
  pid parent;
  std::vector<pid> ancestors;  ///< From the parent up; at most a thousand, the nearest.
  bool trap_exit = false;
  std::size_t memory = 0;             ///< Bytes held for it: control block, state, stack pages in use, messages.
  std::vector<std::string> messages;  ///< Text of each queued message, oldest first.
  std::vector<pid> links;
  struct monitored {
    pid process;
    std::string name;  ///< When it is monitored by name.
  };
  std::vector<monitored> monitors;
  std::vector<pid> monitored_by;
  std::vector<std::string> dictionary;  ///< Its keys.
};

namespace detail {

std::optional<process_description> describe_process(pid of, std::initializer_list<info> items,
                                                    std::chrono::milliseconds patience);

}  // namespace detail

/// How long `process_info` waits for a process's own answer.
inline constexpr std::chrono::milliseconds process_info_patience{5000};

/// Looks into a process: the named items, or all when none is named. Nothing if there is no such process.
///
/// Items of the second group of `info` are the process's own answer, between two of its messages; if it has not come
/// after `process_info_patience`, throws `error{timeout}` with a text that says what the process is doing instead. Call
/// those from a process; the others from anywhere.
template <std::same_as<info>... Items>
std::optional<process_description> process_info(pid of, Items... items) {
  return detail::describe_process(of, {items...}, process_info_patience);
}

}  // namespace coppice
