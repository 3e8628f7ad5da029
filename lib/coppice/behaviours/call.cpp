#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <coppice/behaviours/ask.hpp>
#include <coppice/behaviours/call.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/delay_lines.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>

namespace coppice::detail {

namespace {

void tell_failed(const server_address& server, const exit_reason& why) {
  if (process_observer* const observer = running_runtime().options.observer) {
    observer->call_failed(server.process, server.name, why);
  }
}

// `{Why,{server,call,{Server,Request}}}`, as gen_server's callers exit with.
exit_reason reason_of_failed(const server_address& server, const exit_reason& why, std::string_view request) {
  static const exit_reason server_atom{"server"};
  static const exit_reason call_atom{"call"};
  const exit_reason whom{server.name.empty() ? to_string(server.process) : std::string{server.name}};
  return exit_reason::tuple(
      {why, exit_reason::tuple({server_atom, call_atom, exit_reason::tuple({whom, exit_reason{request}})})});
}

}  // namespace

answer ask(control_block& me, envelope* question, std::chrono::milliseconds timeout) {
  const pid whom = question->receiver();
  // Of a million servers any one lies in memory.
  process_table::instance().slot(whom).fetch();
  me.fetch_if_any();
  const reference ref = reference::make();
  question->from = me.self().value();
  question->set(envelope_kind::call, ref);
  me.await_reply(ref);
  // The answer cannot be older than the question: what is queued now need not be looked at.
  envelope** link = me.end_of_queue();
  if (!dispatch(question)) {
    discard(question);
    me.await_reply({});
    return {nullptr, exit_reason::noproc()};
  }
  wait_limit limit{timeout};
  envelope* said = me.wait_for_answer(ref, link, limit);
  if (said != nullptr && said->kind() == envelope_kind::down) {
    answer ended{nullptr, std::move(said->as<ending>().reason)};
    discard(said);
    return ended;
  }
  // Whom we do not wait for any more, or for whom somebody else answered, still thinks that he owes it.
  if (said == nullptr || said->sender() != whom) {
    post(make_envelope<nothing>(whom, envelope_kind::demonitor, me.self(), ref));
  }
  if (said == nullptr) return {nullptr, exit_reason::timeout(), false};
  return {said, {}};
}

namespace {

// The reply, or, if there is none, why.
envelope* reply_of(server_address& server, envelope* request, std::chrono::milliseconds timeout, exit_reason& why) {
  control_block& me = control_block::current();
  if (!server.name.empty()) {
    server.process = whereis(server.name);
    request->to = server.process.value();
  }
  if (server.process == me.self()) {
    discard(request);
    why = exit_reason{"calling_self"};
    return nullptr;
  }
  me.fetch_if_any();
  me.check_for_end();
  me.count_reduction();
  answer got = ask(me, request, timeout);
  if (got.reply == nullptr) why = std::move(got.why);
  return got.reply;
}

// The same, and the observer hears of it.
envelope* try_reply_of(server_address& server, envelope* request, std::chrono::milliseconds timeout, exit_reason& why) {
  envelope* const reply = reply_of(server, request, timeout, why);
  if (reply == nullptr) tell_failed(server, why);
  return reply;
}

// What is made and destroyed on the way lies in a function of its own: an exception that passes destructors takes half
// as long again.
envelope* ask_or_refuse(server_address server, envelope* request, std::chrono::milliseconds timeout, void* refusal) {
  const std::string_view what = request->type->name;
  exit_reason why;
  envelope* const answer = try_reply_of(server, request, timeout, why);
  if (answer == nullptr) ::new (refusal) exit_reason{reason_of_failed(server, why, what)};
  return answer;
}

exit_reason take_out(exit_reason* refusal) noexcept {
  exit_reason taken = std::move(*refusal);
  std::destroy_at(refusal);
  return taken;
}

}  // namespace

envelope* call_with(server_address server, envelope* request, std::chrono::milliseconds timeout) {
  alignas(exit_reason) std::byte refusal[sizeof(exit_reason)];
  if (envelope* const answer = ask_or_refuse(server, request, timeout, refusal)) return answer;
  throw exit_exception{take_out(std::launder(reinterpret_cast<exit_reason*>(refusal)))};
}

envelope* try_call_with(server_address server, envelope* request, std::chrono::milliseconds timeout, exit_reason& why) {
  return try_reply_of(server, request, timeout, why);
}

void send_reply(pid caller, reference ref, pid server, envelope* answer) {
  if (control_block* me = control_block::current_or_null()) {
    answer->from = me->self().value();
    if (me->self() == server) me->answered(ref);
  }
  answer->to = caller.value();
  deliver(answer);
}

void refuse_reply(std::string_view got, std::string_view expected) {
  throw error{exit_reason{"bad_reply"},
              "call: expected a reply of type " + std::string{expected} + ", got " + std::string{got} +
                  "; the message's `reply`, or the type given to `call`, must be what the handler returns"};
}

}  // namespace coppice::detail
