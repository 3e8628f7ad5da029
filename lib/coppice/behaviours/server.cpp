#include <algorithm>
#include <string>

#include <coppice/behaviours/ask.hpp>
#include <coppice/behaviours/server.hpp>
#include <coppice/behaviours/server_body.hpp>
#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

void ignore() {
  throw detail::ignore_request{};
}

namespace detail {

server_maker::~server_maker() = default;

server_base::~server_base() = default;

void server_base::fetch_what_is_known_of(pid /*ended*/) const noexcept {}

server_base::wishes::~wishes() {
  while (continuations != nullptr) {
    envelope* dropped = continuations;
    continuations = dropped->next;
    discard(dropped);
  }
}

server_base::wishes& server_base::wish() {
  if (wishes_ == nullptr) wishes_.reset(new wishes);
  return *wishes_;
}

void server_base::stop(exit_reason reason) {
  wish().stopping = std::move(reason);
}

void server_base::timeout_after(std::chrono::milliseconds idle) {
  wish().idle_limit = idle;
}

void server_base::add_continuation(envelope* next) noexcept {
  *wishes_->continuations_end = next;
  wishes_->continuations_end = &next->next;
}

server_body::server_body(std::unique_ptr<server_maker> maker, bool linked) : held_{maker.release()}, linked_{linked} {}

server_body::~server_body() {
  server_.reset();
  if (!has_begun_) delete held_.beginning;
}

std::size_t server_body::memory() const noexcept {
  if (server_ == nullptr) return sizeof(*this);
  return sizeof(*this) + server_->size() + (server_->wishes_ != nullptr ? sizeof(server_base::wishes) : 0);
}

void server_body::end_by_itself(control_block& process, exit_reason reason) {
  process.append(make_envelope<stop_request>(process.self(), envelope_kind::message, pid{}, reference{},
                                             stop_request{std::move(reason)}));
}

void server_body::act(control_block& process, std::function<void()> what) {
  process.append(make_envelope<act_request>(process.self(), envelope_kind::message, pid{}, reference{},
                                            act_request{std::move(what)}));
}

// While it handles something, or begins, the fiber that it is on stays with it.
bool server_body::holds_stack(const control_block& process) const noexcept {
  return process.is_busy();
}

// What it has put before all that is in the queue, and before `arrived`. Null: the first in the queue; if there is
// none, it is going to rest.
envelope* server_body::choose(control_block& process, server_base::wishes& by, envelope* arrived) {
  if (arrived != nullptr) process.append(arrived);
  if (envelope* const next = by.continuations) {
    by.continuations = next->next;
    if (by.continuations == nullptr) by.continuations_end = &by.continuations;
    return next;
  }
  // Any message cancels it, also one that has come just before it.
  if (const envelope* const first = process.first_message(); first != nullptr && by.idle_timer) {
    if (first->type->system != system_message::idle_timeout) stop_idle_timer(by);
  }
  if (by.idle_limit && process.first_message() == nullptr) start_idle_timer(process, by);
  return nullptr;
}

bool server_body::begin(control_block& process) {
  // What is left of it after a start that comes to nothing goes with the body: then a kill does not meet a destructor
  // that waits.
  server_maker* const how = held_.beginning;
  const auto acknowledge = [&](start_ack ack) {
    process.answered(how->ack);
    post(make_envelope<start_ack>(how->starter, envelope_kind::reply, process.self(), how->ack, std::move(ack)));
  };
  process.is_busy(true);
  // Until it is acknowledged, an end of this process is the failure of the start: it is answered like a call.
  process.answering(how->starter, how->ack);
  if (!how->options.name.empty()) {
    try {
      register_name(how->options.name, process.self());
    } catch (const error&) {
      acknowledge({start_ack::already_started, whereis(how->options.name)});
      return false;
    }
  }
  try {
    process.at(fault_point::init_begins);
    server_ = how->make();
    process.at(fault_point::init_ends);
  } catch (const exit_exception& why) {
    if (!why.reason.is_normal_end()) report_crash(process.self(), process.initial_call(), why.reason);
    throw;
  } catch (const ignore_request&) {
    if (!how->options.name.empty()) release_name_of(process.self());
    acknowledge({start_ack::ignored, {}});
    return false;
  }
  acknowledge({start_ack::ok, process.self()});
  held_.in_hand = nullptr;
  has_begun_ = true;
  process.body_fetches();
  delete how;
  process.is_busy(false);
  return true;
}

const handler* server_body::find(const message_type& type) const noexcept {
  if (const handler* const found = server_->handler_of(type)) return found;
  // It may come from a library that has an object of its own for the type.
  for (const handler& each : server_->handlers()) {
    if (*each.type == type) return &each;
  }
  return nullptr;
}

// Inline: each message passes here.
[[gnu::always_inline]] inline bool server_body::handle(control_block& process, envelope* arrived, exit_reason& reason) {
  message owner{arrived};
  // The handler may pass the message on.
  const message_type& type = *arrived->type;
  process.handles(&type);
  process.is_busy(true);
  pending_reply pending;
  if (arrived->kind() == envelope_kind::call) {
    pending = {arrived->sender(), arrived->ref(), process.self()};
    process.answering(pending.caller, pending.ref);
  } else if (arrived->receiver()) [[likely]] {
    held_.in_hand = &type;
  }
  bool goes_on = true;
  try {
    if (type.system == system_message::none && !process.may_be_harmed()) [[likely]] {
      if (const handler* const found = server_->handler_of(type)) [[likely]] {
        found->invoke(*server_, *arrived, pending);
      } else {
        goes_on = dispatch(process, owner, *arrived, pending, reason);
      }
    } else {
      // What it is made to do from outside is no step of its own.
      const bool is_step = type.system != system_message::act_request;
      if (is_step) process.at(fault_point::handler_begins, type.name);
      goes_on = dispatch(process, owner, *arrived, pending, reason);
      held_.in_hand = nullptr;
      if (is_step) process.at(fault_point::handler_ends, type.name);
    }
    held_.in_hand = nullptr;
    if (server_->wishes_ != nullptr && server_->wishes_->stopping) [[unlikely]] {
      reason = std::move(*server_->wishes_->stopping);
      goes_on = false;
    }
  } catch (...) {
    // It may have been thrown behind the handler, at its end: the call fails all the same.
    discard_answer(pending);
    rethrow_unwinding();
    reason = reason_of_caught();
    goes_on = false;
  }
  if (!goes_on) [[unlikely]] {
    try {
      terminate(process, reason, owner);
    } catch (...) {
      discard_answer(pending);
      throw;
    }
  }
  if (pending.answer != nullptr) {
    process.answered(pending.ref);
    deliver(std::exchange(pending.answer, nullptr));
  } else if (goes_on) {
    process.end_answering();
  }
  process.is_busy(false);
  return goes_on;
}

process_body::turn server_body::run(control_block& process, exit_reason& reason) {
  if (server_ == nullptr) [[unlikely]] {
    if (!begin(process)) return turn::ended;
  }
  do {
    envelope* next = nullptr;
    if (process.first_message() != nullptr) {
      if (process.has_signal()) process.fetch();
    } else if (process.has_arrivals()) {
      next = process.fetch_or_take();
    } else if (server_->wishes_ == nullptr && !process.fatal()) [[likely]] {
      return turn::rests;
    }
    if (process.fatal()) [[unlikely]] {
      if (next != nullptr) process.append(next);
      return turn::ended;
    }
    if (server_->wishes_ != nullptr) [[unlikely]] {
      next = choose(process, *server_->wishes_, next);
    }
    if (next == nullptr) {
      if (process.first_message() == nullptr) return turn::rests;
      next = process.unlink_message(process.start_of_queue());
      __builtin_prefetch(process.first_message());
    }
    if (!handle(process, next, reason)) return turn::ended;
  } while (!process.spend_reduction());
  return turn::again;
}

bool server_body::dispatch(control_block& process, message& owner, envelope& arrived, pending_reply& pending,
                           exit_reason& reason) {
  if (arrived.kind() == envelope_kind::message || arrived.type->system == system_message::stop_request) {
    switch (arrived.type->system) {
      case system_message::none: break;
      case system_message::exit_signal:
        if (linked_ && arrived.as<exit_signal>().sender == process.parent()) {
          reason = arrived.as<exit_signal>().reason;
          return false;
        }
        break;
      case system_message::stop_request: reason = arrived.as<stop_request>().reason; return false;
      case system_message::act_request: arrived.as<act_request>().what(); return true;
      case system_message::idle_timeout: time_out(process, arrived.as<idle_timeout>().number, pending); return true;
    }
  }
  if (const handler* found = find(*arrived.type)) {
    found->invoke(*server_, arrived, pending);
    return true;
  }
  if (arrived.kind() == envelope_kind::call) {
    report(log_level::warning, process.self(),
           "was called with " + owner.text() + ", which it does not know; the call fails with `undef`");
    process.answered(pending.ref);
    post(make_ending(pending.caller, envelope_kind::down, process.self(), pending.ref, exit_reason{"undef"}));
    return true;
  }
  take_unlisted(process, owner, arrived.kind());
  return true;
}

void server_body::time_out(control_block& process, std::uint32_t number, pending_reply& pending) {
  server_base::wishes& wishes = *server_->wishes_;  // it has started a timer
  if (number != wishes.idle_number) return;
  wishes.idle_timer = {};
  envelope* made = make_envelope<timeout>(process.self(), envelope_kind::message, pid{}, reference{});
  message idle{made};
  if (const handler* found = find(*made->type)) {
    found->invoke(*server_, *made, pending);
  } else {
    take_unlisted(process, idle, envelope_kind::message);
  }
}

void server_body::take_unlisted(control_block& process, message& other, envelope_kind kind) {
  if (server_->takes_unlisted()) {
    server_->unlisted(other);
    return;
  }
  if (kind == envelope_kind::cast) throw error{exit_reason{"undef"}, "no handler for the cast " + other.text()};
  report(log_level::warning, process.self(), "got a message that it does not know, and dropped it: " + other.text());
}

void server_body::terminate(control_block& process, exit_reason& reason, const message& last) {
  try {
    process.at(fault_point::terminate_begins);
    server_->end(reason);
    process.at(fault_point::terminate_ends);
  } catch (...) {
    rethrow_unwinding();
    reason = reason_of_caught();
  }
  if (reason.is_normal_end()) return;
  process.end_is_reported();
  try {
    std::string text = "server terminating: " + reason.to_string() + "\n    last message: " + last.text();
    report_crash(process.self(), process.initial_call(), reason, std::move(text));
  } catch (const std::bad_alloc&) {
    return;
  }
}

void server_body::discard_answer(pending_reply& pending) noexcept {
  if (pending.answer != nullptr) discard(std::exchange(pending.answer, nullptr));
}

void server_body::start_idle_timer(control_block& process, server_base::wishes& by) {
  const auto limit = *std::exchange(by.idle_limit, std::nullopt);
  by.idle_timer = send_later(limit, process.self(),
                             make_envelope<idle_timeout>(process.self(), envelope_kind::message, pid{}, reference{},
                                                         idle_timeout{++by.idle_number}));
}

void server_body::stop_idle_timer(server_base::wishes& by) {
  cancel_timer(std::exchange(by.idle_timer, {}));
  ++by.idle_number;
}

start_result start_server(std::unique_ptr<server_maker> maker, bool link, std::string_view initial_call) {
  control_block& me = control_block::current();
  if (!maker->options.name.empty()) {
    if (const pid holder = whereis(maker->options.name)) return start_result::already_started(holder);
  }
  const auto patience = maker->options.timeout;
  const std::size_t stack = maker->options.stack;
  const reference ack = reference::make();
  maker->starter = me.self();
  maker->ack = ack;
  me.fetch_if_any();
  me.await_reply(ack);
  envelope** place = me.end_of_queue();
  const pid started =
      spawn_body(std::make_unique<server_body>(std::move(maker), link), {.link = link, .stack = stack}, initial_call)
          .process;
  wait_limit limit{patience.value_or(infinity)};
  envelope* answer = me.wait_for_answer(ack, place, limit);
  if (answer == nullptr) {
    // The caller shall outlive this, and nothing of the attempt be left when it goes on (S55).
    const control_block::spared until_it_has_ended{me};
    unlink(started);
    const reference watched = monitor(started);
    exit(started, exit_reason::kill());
    receive(when([watched](const down& each) { return each.ref == watched; }, [](down) {}));
    receive(when([started](const exit_signal& each) { return each.sender == started; }, [](exit_signal) {}),
            after(std::chrono::seconds{0}, [] {}));
    await_orphans_of(started);
    return start_result::failed(exit_reason::timeout());
  }
  const message owner{answer};
  if (answer->kind() == envelope_kind::down) {
    // A supervisor that was killed while it started has left those that it had started already.
    await_orphans_of(started);
    return start_result::failed(answer->as<ending>().reason);
  }
  const auto& acknowledged = answer->as<start_ack>();
  switch (acknowledged.what) {
    case start_ack::ok: break;
    case start_ack::ignored: return start_result::ignored();
    case start_ack::already_started: return start_result::already_started(acknowledged.process);
  }
  return start_result::ok(started);
}

}  // namespace detail

void stop_server(detail::server_address server, exit_reason reason, std::chrono::milliseconds limit) {
  if (!server.name.empty()) server.process = whereis(server.name);
  if (!server.process) exit(exit_reason::noproc());
  detail::control_block& me = detail::control_block::current();
  if (server.process == me.self()) exit("calling_self");
  me.fetch_if_any();
  me.check_for_end();
  detail::envelope* const request = detail::write_envelope<detail::stop_request>(
      server.process, detail::envelope_kind::call, me.self(), reference{}, detail::stop_request{reason});
  detail::answer end{nullptr, {}};
  {
    // From here on nothing may come to nothing half-way.
    const detail::control_block::spared until_it_is_over{me};
    end = detail::ask(me, request, limit);
  }
  // The end is the answer: nobody has what it takes to reply.
  if (end.reply != nullptr) detail::discard(end.reply);
  if (!end.in_time || end.why != reason) exit(end.why);
}

}  // namespace coppice
