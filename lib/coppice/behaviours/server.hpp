#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <coppice/behaviours/call.hpp>
#include <coppice/behaviours/start.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/process_body.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

/// What a server with an idle time-out gets when nothing has arrived for that time (S75).
struct timeout {};

namespace detail {

class server_base;
class server_body;

/// The call that a handler is answering, and the reply that it made.
struct pending_reply {
  pid caller;
  reference ref;
  pid server;
  envelope* answer = nullptr;
};

/// One message that a class of servers handles.
struct handler {
  const message_type* type;
  const message_type* reply;  // of what the handler returns; null: nothing, or later
};

/// What is the same for all servers.
class server_base : public pooled_object {
 public:
  server_base(const server_base&) = delete;
  server_base& operator=(const server_base&) = delete;
  virtual ~server_base();

  virtual std::span<const handler> handlers() const noexcept = 0;
  /// Calls the handler of a message of that type, known by its address alone. False: there is none.
  virtual bool handle_listed(envelope& request, pending_reply& answered) = 0;

 protected:
  server_base() = default;

  /// Ends this server when the handler that called it has returned: `terminate` runs, then the handler's reply is sent,
  /// then the process ends with `reason` (S66).
  void stop(exit_reason reason = exit_reason::normal());

  /// Handles `next` before anything that is or will be in the queue (S74).
  template <class M>
  void continue_with(M&& next) {
    wish();  // before there is a message that a failure would lose
    add_continuation(
        write_envelope<message_value<M>>(pid{}, envelope_kind::message, pid{}, reference{}, std::forward<M>(next)));
  }

  /// Once: if nothing arrives for that time, the message `timeout` does (S75).
  void timeout_after(std::chrono::milliseconds idle);

 private:
  friend class server_body;

  virtual void unlisted(message& other) = 0;
  virtual bool takes_unlisted() const noexcept = 0;
  virtual void end(const exit_reason& reason) = 0;
  virtual std::size_t size() const noexcept = 0;
  // For a supervisor: its child has ended, and its `exit_signal` will be handled soon.
  virtual void fetch_what_is_known_of(pid ended) const noexcept;
  void add_continuation(envelope* next) noexcept;

  // What most servers never ask for: an idle one is to be small.
  struct wishes : pooled_object {
    ~wishes();

    std::optional<exit_reason> stopping;
    std::optional<std::chrono::milliseconds> idle_limit;
    envelope* continuations = nullptr;
    envelope** continuations_end = &continuations;
    timer_reference idle_timer;
    std::uint32_t idle_number = 0;  // of the timer that counts
  };
  wishes& wish();

  std::unique_ptr<wishes> wishes_;
};

template <class Self, class M>
concept handles_later = requires(Self& self, M m, from<typename reply_of<M>::type> f) {
  self.handle(std::move(m), f);
};

template <class Self, class M>
concept handles_now = requires(Self& self, M m) {
  self.handle(std::move(m));
};

template <class Self, class M>
using handler_result = std::decay_t<decltype(std::declval<Self&>().handle(std::declval<M>()))>;

template <class Self, class M>
constexpr handler make_handler() {
  static_assert(handles_now<Self, M> || handles_later<Self, M>,
                "a server needs a public member `handle(Message)` or `handle(Message, from<Message::reply>)` for each "
                "message that "
                "it lists");
  if constexpr (handles_later<Self, M>) {
    return {&message_type_of<M>, nullptr};
  } else {
    using result = handler_result<Self, M>;
    using declared = typename reply_of<M>::type;
    static_assert(!declares_reply<M> || std::is_void_v<declared> || std::same_as<declared, result>,
                  "`handle` must return what the message declares as its `reply`");
    if constexpr (std::is_void_v<result>) {
      return {&message_type_of<M>, nullptr};
    } else {
      return {&message_type_of<M>, &message_type_of<result>};
    }
  }
}

template <class M, class Self>
void call_handler(Self& self, envelope& request, pending_reply& answered) {
  if constexpr (handles_later<Self, M>) {
    self.handle(std::move(request.as<M>()),
                from<typename reply_of<M>::type>{answered.caller, answered.ref, answered.server});
  } else if constexpr (std::is_void_v<handler_result<Self, M>>) {
    self.handle(std::move(request.as<M>()));
    if (answered.ref) {
      answered.answer = write_envelope<done>(answered.caller, envelope_kind::reply, answered.server, answered.ref);
    }
  } else {
    auto value = self.handle(std::move(request.as<M>()));
    if (answered.ref) {
      answered.answer = write_envelope<handler_result<Self, M>>(answered.caller, envelope_kind::reply, answered.server,
                                                                answered.ref, std::move(value));
    }
  }
}

/// Makes the server's object, in its process, and keeps until then what else the process begins with.
class server_maker : public pooled_object {
 public:
  explicit server_maker(start_options&& how) : options{std::move(how)} {}
  server_maker(const server_maker&) = delete;
  server_maker& operator=(const server_maker&) = delete;
  virtual ~server_maker();

  virtual std::unique_ptr<server_base> make() = 0;

  start_options options;
  pid starter;    // who waits for the acknowledgement
  reference ack;  // which has this reference
};

template <class Self, class... Arguments>
class server_maker_of final : public server_maker {
 public:
  template <class... Given>
  explicit server_maker_of(start_options&& how, Given&&... arguments)
      : server_maker{std::move(how)}, arguments_{std::forward<Given>(arguments)...} {}

  std::unique_ptr<server_base> make() override {
    return std::apply([](auto&... each) { return std::make_unique<Self>(std::move(each)...); }, arguments_);
  }

 private:
  std::tuple<Arguments...> arguments_;
};

start_result start_server(std::unique_ptr<server_maker> maker, bool link, std::string_view initial_call);

template <class Server, class... Arguments>
start_result start_server_of(bool link, start_options&& options, Arguments&&... arguments) {
  before_allocation();
  using maker = server_maker_of<Server, std::decay_t<Arguments>...>;
  return start_server(std::make_unique<maker>(std::move(options), std::forward<Arguments>(arguments)...), link,
                      type_name<Server>());
}

}  // namespace detail

/// A process with a state, whose handlers answer calls and casts and take other messages: gen_server. While it has
/// nothing to do it owns no stack, only its control block and itself.
///
///     struct view { using reply = double; };
///     struct add { double value; };
///
///     class calc : public server<calc, view, add> {
///      public:
///       explicit calc(double initial) : value_{initial} {}
///       double handle(view) const { return value_; }
///       void handle(add by) { value_ += by.value; }
///      private:
///       double value_;
///     };
///
///     pid c = start_link<calc>(0.0).process();
///     cast(c, add{20});
///     double twenty = call(c, view{});
///
/// `Self` lists its messages and has for each a public `handle(Message)`; what that returns is the reply to a call. A
/// handler that takes a second parameter, `from<Message::reply>`, answers later, with `reply`. The constructor is OTP's
/// `init`: it runs in the new process, may throw, `exit` or `ignore`, and whoever starts it waits for it (S54 to S58).
///
/// Optional public members:
/// - `void terminate(const exit_reason&)`: when it stops itself, when a handler throws, and when its parent ends while
/// it traps
///   exits; not when an exit signal ends it (S70). The destructor runs in any case.
/// - `void handle_info(message&)`: takes messages and casts that are not listed. Without it, such a message is logged
/// and
///   dropped, and such a cast ends the server with `undef` (S69). A call that is not listed fails with `undef` and is
///   logged.
///
/// What a handler throws ends the process: `terminate` runs, links, monitors and callers get the reason. While it traps
/// exits
/// (`process_flag(trap_exit, true)` in the constructor), the end of its parent stops it (S71); exit signals of others
/// arrive as `exit_signal`.
template <class Self, class... Messages>
class server : public detail::server_base {
 public:
  /// The messages of this class of servers.
  static std::span<const detail::handler> handler_list() noexcept {
    static constexpr std::array<detail::handler, sizeof...(Messages)> list{detail::make_handler<Self, Messages>()...};
    return list;
  }

  std::span<const detail::handler> handlers() const noexcept final { return handler_list(); }

  bool handle_listed([[maybe_unused]] detail::envelope& request,
                     [[maybe_unused]] detail::pending_reply& answered) final {
    return (handles<Messages>(request, answered) || ...);
  }

 private:
  template <class M>
  bool handles(detail::envelope& request, detail::pending_reply& answered) {
    if (request.type != &detail::message_type_of<M>) return false;
    detail::call_handler<M>(static_cast<Self&>(*this), request, answered);
    return true;
  }

  void unlisted(message& other) final {
    if constexpr (requires(Self & self) { self.handle_info(other); }) static_cast<Self&>(*this).handle_info(other);
  }
  bool takes_unlisted() const noexcept final {
    return requires(Self & self, message & other) {
      self.handle_info(other);
    };
  }
  void end(const exit_reason& reason) final {
    if constexpr (requires(Self & self) { self.terminate(reason); }) static_cast<Self&>(*this).terminate(reason);
  }
  std::size_t size() const noexcept final { return sizeof(Self); }
};

/// Starts a server, linked to the caller, and waits until its constructor is done (S54). `arguments` are moved to it.
///
/// A name that is taken: `already_started` (S59). A constructor that throws or exits: its reason; a caller that does
/// not trap exits is then ended by the link (S57). Blocks the process, not the thread.
template <class Server, class... Arguments>
start_result start_link(start_options options, Arguments&&... arguments) {
  return detail::start_server_of<Server>(true, std::move(options), std::forward<Arguments>(arguments)...);
}

template <class Server, class... Arguments>
start_result start_link(Arguments&&... arguments) {
  return detail::start_server_of<Server>(true, start_options{}, std::forward<Arguments>(arguments)...);
}

/// `start_link` without the link.
template <class Server, class... Arguments>
start_result start(start_options options, Arguments&&... arguments) {
  return detail::start_server_of<Server>(false, std::move(options), std::forward<Arguments>(arguments)...);
}

template <class Server, class... Arguments>
start_result start(Arguments&&... arguments) {
  return detail::start_server_of<Server>(false, start_options{}, std::forward<Arguments>(arguments)...);
}

/// Asks a server to end with `reason`, after what is in its queue, and waits for that: gen_server's stop (S77). Exits
/// the caller with `noproc` when there is no such server, with `calling_self` when it is the caller itself, with
/// `timeout` when it takes too long (it goes on), and with the server's reason when that is another one.
void stop_server(detail::server_address server, exit_reason reason = exit_reason::normal(),
                 std::chrono::milliseconds limit = infinity);

}  // namespace coppice
