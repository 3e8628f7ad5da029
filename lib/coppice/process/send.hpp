#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/envelope.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/small_message.hpp>

namespace coppice {

namespace detail {

/// Delivers a message, or discards it when there is no such process.
void deliver(envelope* sent) noexcept;
/// Throws `error{badarg}` when nobody has the name (S4).
pid must_have_name(std::string_view name);

template <class T>
void send_value(pid to, envelope_kind kind, T&& value) {
  using stored = message_value<T>;
  if constexpr (words_of<stored> != 0) {
    deliver_small<stored>(to, kind, std::forward<T>(value));
  } else {
    deliver(write_envelope<stored>(to, kind, pid{}, reference{}, std::forward<T>(value)));
  }
}

template <class T>
using send_result = std::conditional_t<std::is_lvalue_reference_v<T>, T, void>;

}  // namespace detail

/// Sends any movable value to a process: it is appended to its queue (S2), after all that this caller sent it before
/// (S1).
///
/// A dead receiver: nothing happens (S3). Returns `message` for an lvalue, as Erlang's does; nothing for an rvalue,
/// which has been moved away. Text in quotes arrives as a std::string. Does not wait. Threads: any, also those that are
/// no process.
template <class T>
detail::send_result<T&&> send(pid receiver, T&& message) {
  detail::send_value(receiver, detail::envelope_kind::message, std::forward<T>(message));
  if constexpr (std::is_lvalue_reference_v<T&&>) return message;
}

/// The same to the process that has that name. Throws `error{badarg}` when nobody has it (S4).
template <class T>
detail::send_result<T&&> send(std::string_view receiver, T&& message) {
  detail::send_value(detail::must_have_name(receiver), detail::envelope_kind::message, std::forward<T>(message));
  if constexpr (std::is_lvalue_reference_v<T&&>) return message;
}

}  // namespace coppice
