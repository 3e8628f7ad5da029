#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/envelope.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/registry.hpp>
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

/// The same; null when there is no reply, and `why`.
envelope* try_call_with(server_address server, envelope* request, std::chrono::milliseconds timeout, exit_reason& why);

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

}  // namespace detail

/// What comes of a `try_call`: the reply, or why there is none.
template <class Reply>
class call_result {
 public:
  using value_type = detail::reply_value<Reply>;

  call_result(value_type reply) : reply_{std::move(reply)} {}  // NOLINT(google-explicit-constructor)
  static call_result failed(exit_reason why) { return call_result{std::move(why), 0}; }

  /// True: there is a reply.
  explicit operator bool() const noexcept { return reply_.has_value(); }

  /// The reply. There has to be one.
  value_type& operator*() noexcept { return *reply_; }
  const value_type& operator*() const noexcept { return *reply_; }
  value_type* operator->() noexcept { return &*reply_; }
  const value_type* operator->() const noexcept { return &*reply_; }

  /// The reply, or that.
  template <class Value>
  value_type value_or(Value&& instead) const {
    return reply_.value_or(std::forward<Value>(instead));
  }

  /// Why there is no reply: what `call` says as `Why`.
  const exit_reason& error() const noexcept { return error_; }

 private:
  call_result(exit_reason why, int) : error_{std::move(why)} {}

  std::optional<value_type> reply_;
  exit_reason error_;
};

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

/// `call` for one who goes on without an answer, as OTP's send_request with receive_response is: no answer is no exit
/// of the caller, but a result that is false, with `noproc`, `timeout`, `calling_self` or the reason with which the
/// server ended. Costs a tenth of an exception where there is no answer.
///
///     if (const auto value = try_call(calc, view{})) use(*value);
///
/// An exit signal ends the caller as it does in `call`. Throws `error{bad_reply}` for a reply of another type.
/// Blocks the process, not the thread.
template <class Reply, class Request>
call_result<Reply> try_call(detail::server_address server, Request&& request,
                            std::chrono::milliseconds timeout = default_call_timeout) {
  using stored = detail::message_value<Request>;
  using wanted = detail::reply_value<Reply>;
  exit_reason why;
  detail::envelope* const got =
      detail::try_call_with(server,
                            detail::write_envelope<stored>(server.process, detail::envelope_kind::call, pid{},
                                                           reference{}, std::forward<Request>(request)),
                            timeout, why);
  if (got == nullptr) return call_result<Reply>::failed(std::move(why));
  message answer{got};
  if constexpr (std::is_void_v<Reply>) {
    return detail::done{};
  } else {
    if (wanted* value = answer.get_if<wanted>()) return std::move(*value);
    detail::refuse_reply(answer.type(), detail::message_type_of<wanted>.name);
  }
}

template <int = 0, class Request>
auto try_call(detail::server_address server, Request&& request,
              std::chrono::milliseconds timeout = default_call_timeout) {
  return try_call<typename detail::reply_of<Request>::type>(server, std::forward<Request>(request), timeout);
}

/// Sends `request` to a server that does not answer it: gen_server's cast. Does not wait, and does nothing when there
/// is no such server (S65). Threads: any.
template <class Request>
void cast(detail::server_address server, Request&& request) {
  const pid receiver = server.name.empty() ? server.process : whereis(server.name);
  detail::send_value(receiver, detail::envelope_kind::cast, std::forward<Request>(request));
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
