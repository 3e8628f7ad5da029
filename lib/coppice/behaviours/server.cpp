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

// When the handler has returned, it is not busy any more, or has been told that there is none.
const message_type* server_body::in_hand(const control_block& process) const noexcept {
  return has_begun_ && process.is_busy() ? held_.in_hand : nullptr;
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

// What comes first for a server with wishes: what it has told itself to do next, then what is in the queue. Null: it
// rests, or is to end.
envelope* server_body::choose(control_block& process, server_base::wishes& by) {
  if (process.first_message() != nullptr ? process.has_signal() : process.has_arrivals()) process.fetch();
  if (process.fatal()) return nullptr;
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
  return process.first_message() != nullptr ? process.take_first_message() : nullptr;
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

process_body::turn server_body::run(control_block& process) {
  if (server_ == nullptr) [[unlikely]] {
    if (!begin(process)) return turn::ended;
  }
  for (;;) {
    if (process.fatal()) [[unlikely]] {
      return turn::ended;
    }
    envelope* next = nullptr;
    if (server_->wishes_ != nullptr) [[unlikely]] {
      next = choose(process, *server_->wishes_);
      if (next == nullptr) return process.fatal() ? turn::ended : turn::rests;
    } else if (process.first_message() == nullptr) {
      if (!process.has_arrivals()) return turn::rests;
      next = process.take_lone_message();
      if (next == nullptr) [[unlikely]] {
        process.fetch();
        continue;
      }
    } else {
      if (process.has_signal()) [[unlikely]] {
        process.fetch();
        if (process.fatal()) return turn::ended;
      }
      next = process.take_first_message();
      __builtin_prefetch(process.first_message());
    }
    if (!handle(process, next)) [[unlikely]] {
      return turn::ended;
    }
    if (process.spend_reduction()) [[unlikely]] {
      return turn::again;
    }
  }
}

namespace {

// What nobody waits for has no answer: this is never written.
constinit pending_reply nobody_asks;

// What a handler threw, as a reason. There is none before, which costs nothing.
union thrown_reason {
  exit_reason reason;

  thrown_reason() noexcept {}  // NOLINT(modernize-use-equals-default)
  ~thrown_reason() {}          // NOLINT(modernize-use-equals-default)

  void take_caught() { ::new (&reason) exit_reason{reason_of_caught()}; }
  exit_reason give() noexcept {
    exit_reason given = std::move(reason);
    std::destroy_at(&reason);
    return given;
  }
};

}  // namespace

// Inline, and the next one as well: each message passes here.
[[gnu::always_inline]] inline bool server_body::handle(control_block& process, envelope* arrived) {
  process.handles(arrived->type);
  process.is_busy(true);
  // What it has told itself has no receiver.
  if (arrived->type->system != system_message::none || process.may_be_harmed() || !arrived->receiver()) [[unlikely]] {
    return handle_specially(process, message{arrived}, *arrived);
  }
  if (arrived->kind() != envelope_kind::call) {
    held_.in_hand = arrived->type;
    return handle_usually<pending_reply&>(process, arrived, nobody_asks);
  }
  held_.in_hand = nullptr;
  process.answering(arrived->sender(), arrived->ref());
  return handle_usually<pending_reply>(process, arrived, {arrived->sender(), arrived->ref(), process.self()});
}

template <class Pending>
[[gnu::always_inline]] inline bool server_body::handle_usually(control_block& process, envelope* arrived,
                                                               Pending pending) {
  message owner{arrived};  // nobody gets its address, so that it may lie in a register
  enum { handled, not_listed, failed } outcome = handled;
  thrown_reason why;
  try {
    if (!server_->handle_listed(*arrived, pending)) outcome = not_listed;
  } catch (...) {
    // It may have been thrown behind the handler, at its end: the call fails all the same.
    discard_answer(pending);
    rethrow_unwinding();
    why.take_caught();
    outcome = failed;
  }
  if (outcome == failed) [[unlikely]] {
    return end(process, why.give(), message{std::move(owner)}, pending);
  }
  if (outcome == not_listed) [[unlikely]] {
    return handle_specially(process, message{std::move(owner)}, *arrived);
  }
  if (server_->wishes_ != nullptr && server_->wishes_->stopping) [[unlikely]] {
    return stop(process, message{std::move(owner)}, pending);
  }
  if constexpr (!std::is_reference_v<Pending>) give_answer(process, pending);
  process.is_busy(false);
  return true;
}

// What is not usual: what the library sees to, what the server has told itself, what its class does not list, and
// anything while it may be harmed.
bool server_body::handle_specially(control_block& process, message&& given, envelope& arrived) {
  message owner{std::move(given)};
  // The handler may pass the message on.
  const message_type& type = *arrived.type;
  pending_reply pending;
  held_.in_hand = nullptr;
  if (arrived.kind() == envelope_kind::call) {
    pending = {arrived.sender(), arrived.ref(), process.self()};
    process.answering(pending.caller, pending.ref);
  } else if (arrived.receiver()) {
    held_.in_hand = &type;
  }
  exit_reason reason;
  bool goes_on = true;
  try {
    // What it is made to do from outside is no step of its own.
    const bool is_step = type.system != system_message::act_request;
    if (is_step) process.at(fault_point::handler_begins, type.name);
    goes_on = dispatch(process, owner, arrived, pending, reason);
    held_.in_hand = nullptr;
    if (is_step) process.at(fault_point::handler_ends, type.name);
  } catch (...) {
    discard_answer(pending);
    rethrow_unwinding();
    reason = reason_of_caught();
    goes_on = false;
  }
  if (!goes_on) return end(process, std::move(reason), std::move(owner), pending);
  if (server_->wishes_ != nullptr && server_->wishes_->stopping) return stop(process, std::move(owner), pending);
  give_answer(process, pending);
  process.is_busy(false);
  return true;
}

bool server_body::stop(control_block& process, message&& last, pending_reply& pending) {
  held_.in_hand = nullptr;
  return end(process, std::move(*server_->wishes_->stopping), std::move(last), pending);
}

// It is busy until it is gone.
bool server_body::end(control_block& process, exit_reason reason, message&& last, pending_reply& pending) {
  const message owner{std::move(last)};
  try {
    terminate(process, reason, owner);
  } catch (...) {
    discard_answer(pending);
    throw;
  }
  process.ends_with(std::move(reason));
  if (pending.answer != nullptr) give_answer(process, pending);
  return false;
}

void server_body::give_answer(control_block& process, pending_reply& pending) noexcept {
  if (pending.answer == nullptr) {
    process.end_answering();
    return;
  }
  process.answered(pending.ref);
  deliver(std::exchange(pending.answer, nullptr));
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
  if (handle_by_name(arrived, pending)) return true;
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
  if (!handle_by_name(*made, pending)) take_unlisted(process, idle, envelope_kind::message);
}

// Its type may come from a library that has an object of its own for it.
bool server_body::handle_by_name(envelope& arrived, pending_reply& pending) {
  const auto listed = server_->handlers();
  const auto found = std::find_if(listed.begin(), listed.end(),
                                  [&arrived](const handler& each) { return *each.type == *arrived.type; });
  if (found == listed.end()) return false;
  arrived.type = found->type;
  return server_->handle_listed(arrived, pending);
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
