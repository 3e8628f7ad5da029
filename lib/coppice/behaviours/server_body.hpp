#pragma once

// Private to lib/coppice.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/envelope.hpp>
#include <coppice/process/process_body.hpp>
#include <coppice/process/timer.hpp>

namespace coppice::detail {

/// What a server's process tells who started it (S56).
struct start_ack {
  enum outcome : unsigned char { ok, ignored, already_started };
  outcome what;
  pid process;
};

/// What `stop_server` sends.
struct stop_request {
  exit_reason reason;
};

/// What `make_act` wants to be done.
struct act_request {
  std::function<void()> what;
};

/// Nothing has arrived since the timer of this number was started.
struct idle_timeout {
  std::uint32_t number;
};

template <>
inline constexpr system_message system_message_of<stop_request> = system_message::stop_request;
template <>
inline constexpr system_message system_message_of<act_request> = system_message::act_request;
template <>
inline constexpr system_message system_message_of<idle_timeout> = system_message::idle_timeout;

/// Runs a server: makes its object in the new process, then calls a handler for each message.
class server_body final : public process_body {
 public:
  server_body(std::unique_ptr<server_maker> maker, bool linked);
  ~server_body() override;

  turn run(control_block& process) override;
  bool holds_stack(const control_block& process) const noexcept override;
  void end_by_itself(control_block& process, exit_reason reason) override;
  void act(control_block& process, std::function<void()> what) override;
  void fetch_what_is_known_of(pid ended) const noexcept override {
    if (has_begun_) server_->fetch_what_is_known_of(ended);
  }
  const message_type* in_hand(const control_block& process) const noexcept override;
  std::size_t memory() const noexcept override;

 private:
  bool begin(control_block& process);
  envelope* choose(control_block& process, server_base::wishes& by);
  // These are false when it has ended, for the reason that the process then has.
  bool handle(control_block& process, envelope* arrived);
  template <class Pending>  // what a call is owed, or a reference to what nobody waits for
  bool handle_usually(control_block& process, envelope* arrived, Pending pending);
  bool handle_specially(control_block& process, message&& given, envelope& arrived);
  bool stop(control_block& process, message&& last, pending_reply& pending);
  bool end(control_block& process, exit_reason reason, message&& last, pending_reply& pending);
  bool dispatch(control_block& process, message& owner, envelope& arrived, pending_reply& pending, exit_reason& reason);
  bool handle_by_name(envelope& arrived, pending_reply& pending);
  void time_out(control_block& process, std::uint32_t number, pending_reply& pending);
  void take_unlisted(control_block& process, message& other, envelope_kind kind);
  void terminate(control_block& process, exit_reason& reason, const message& last);
  static void give_answer(control_block& process, pending_reply& pending) noexcept;
  static void discard_answer(pending_reply& pending) noexcept;
  static void start_idle_timer(control_block& process, server_base::wishes& by);
  static void stop_idle_timer(server_base::wishes& by);

  // Half a cache line, of which a million idle servers have a million.
  union held {
    server_maker* beginning;      // owned, until the server has begun
    const message_type* in_hand;  // then: of the last message or cast, if its handler has not returned
  };
  held held_;
  std::unique_ptr<server_base> server_;
  bool has_begun_ = false;
  bool linked_;
};

static_assert(sizeof(server_body) <= 32);

}  // namespace coppice::detail
