#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>

namespace coppice {

error::error(exit_reason reason, std::string text)
    : reason_{std::move(reason)}, text_{text.empty() ? reason_.to_string() : std::move(text)} {}

void exit(exit_reason reason) {
  throw exit_exception{std::move(reason)};
}

void exit(std::string_view reason) {
  exit(exit_reason::parse(reason));
}

void exit(pid receiver, exit_reason reason) {
  using detail::control_block;
  control_block* me = control_block::current_or_null();
  auto& table = detail::process_table::instance();
  table.slot(receiver).fetch();  // an end takes all of it
  if (reason.is_kill() && table.is_living(receiver)) {
    // Only a later process's mark may stand above this one: a stale kill must not hide that.
    auto& doomed = table.slot(receiver).doomed;
    auto mark = doomed.load(std::memory_order_relaxed);
    while (mark < receiver.value() &&
           !doomed.compare_exchange_weak(mark, receiver.value(), std::memory_order_acq_rel)) {
    }
  }
  const pid from = me != nullptr ? me->self() : pid{};
  detail::post(detail::make_ending(receiver, detail::envelope_kind::exit, from, {}, std::move(reason)));
  if (me != nullptr && receiver == from) {
    me->fetch();
    me->check_for_end();
  }
}

void exit(pid receiver, std::string_view reason) {
  exit(receiver, exit_reason::parse(reason));
}

}  // namespace coppice
