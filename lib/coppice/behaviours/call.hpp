#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/envelope.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/send.hpp>

namespace coppice {

/// How long `call` waits for a reply unless told (S62).
inline constexpr std::chrono::milliseconds default_call_timeout{5000};

/// For a call that may take as long as it likes.
inline constexpr std::chrono::milliseconds infinity = std::chrono::milliseconds::max();

/// The address of a call that is answered later: keep it, and answer with `reply` from any process (S68). A value.
template <class Reply>
struct from {
  pid caller;
  reference ref;
  pid server;

  /// False when the message was not sent by a call: then `reply` does nothing.
  explicit operator bool() const noexcept { return static_cast<bool>(ref); }
};

namespace detail {

struct server_address {
  pid process;
  std::string_view name;
  server_address(pid of) noexcept : process{of} {}   // NOLINT(google-explicit-constructor)
  server_address(std::string_view of) : name{of} {}  // NOLINT(google-explicit-constructor)
  server_address(const char* of) : name{of} {}       // NOLINT(google-explicit-constructor)
};

/// Sends the request and waits for the reply's envelope. Exits the caller when there is none. Takes over `request`.
envelope* call_with(server_address server, envelope* request, std::chrono::milliseconds timeout);

/// Takes over `answer`.
void send_reply(pid caller, reference ref, pid server, envelope* answer);

[[noreturn]] void refuse_reply(std::string_view got, std::string_view expected);

/// The reply of a handler that returns nothing.
struct done {};

template <class R>
using reply_value = std::conditional_t<std::is_void_v<R>, done, std::decay_t<R>>;

template <class M>
concept declares_reply = requires {
  typename std::decay_t<M>::reply;
};

template <class M>
struct reply_of {
  using type = void;
};
template <declares_reply M>
struct reply_of<M> {
  using type = typename std::decay_t<M>::reply;
};

void cast_to(server_address server, envelope* sent);

}  // namespace detail

/// Sends `request` to a server and waits for its reply: gen_server's call.
///
///     struct view { using reply = double; };
///     double value = call(calc, view{});
///
/// The type of the reply is `Request::reply`, or given: `call<double>(calc, view{})`; void when there is none: then it
/// waits until the request has been handled.
///
/// When there is no answer, exits the caller with `{Why,{server,call,{Server,Request}}}`, by throwing `exit_exception`:
/// Why is `noproc` (there is no such server, S61), `timeout` (S62), `calling_self`, or the reason with which the server
/// ended meanwhile (S64). A late reply never arrives (S63).
///
/// Blocks the process, not the thread.
template <class Reply, class Request>
Reply call(detail::server_address server, Request&& request, std::chrono::milliseconds timeout = default_call_timeout) {
  using stored = detail::message_value<Request>;
  using wanted = detail::reply_value<Reply>;
  message answer{detail::call_with(server,
                                   detail::write_envelope<stored>(server.process, detail::envelope_kind::call, pid{},
                                                                  reference{}, std::forward<Request>(request)),
                                   timeout)};
  if constexpr (!std::is_void_v<Reply>) {
    if (wanted* value = answer.get_if<wanted>()) return std::move(*value);
    detail::refuse_reply(answer.type(), detail::message_type_of<wanted>.name);
  }
}

// The first parameter keeps `call<double>(...)` from meaning a request of type double.
template <int = 0, class Request>
auto call(detail::server_address server, Request&& request, std::chrono::milliseconds timeout = default_call_timeout) {
  return call<typename detail::reply_of<Request>::type>(server, std::forward<Request>(request), timeout);
}

/// Sends `request` to a server that does not answer it: gen_server's cast. Does not wait, and does nothing when there
/// is no such server (S65). Threads: any.
template <class Request>
void cast(detail::server_address server, Request&& request) {
  detail::cast_to(
      server, detail::write_envelope<detail::message_value<Request>>(server.process, detail::envelope_kind::cast, pid{},
                                                                     reference{}, std::forward<Request>(request)));
}

/// Answers a call that a handler kept for later. From any process; the first answer counts, a second one is dropped
/// (S68).
template <class Reply, class Value>
void reply(const from<Reply>& to, Value&& value) {
  if (!to) return;
  detail::send_reply(to.caller, to.ref, to.server,
                     detail::write_envelope<detail::reply_value<Reply>>(to.caller, detail::envelope_kind::reply, pid{},
                                                                        to.ref, std::forward<Value>(value)));
}

inline void reply(const from<void>& to) {
  if (!to) return;
  detail::send_reply(to.caller, to.ref, to.server,
                     detail::write_envelope<detail::done>(to.caller, detail::envelope_kind::reply, pid{}, to.ref));
}

}  // namespace coppice
