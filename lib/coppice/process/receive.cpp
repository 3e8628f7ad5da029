#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/receive.hpp>

namespace coppice {

namespace detail {

search_result take_matching(bool (*matches)(void*, envelope&, int&), void* clauses, int& clause,
                            const std::optional<std::chrono::nanoseconds>& limit) {
  control_block& me = control_block::current();
  me.fetch_if_any();
  if (me.is_to_unwind()) return {nullptr, true};
  me.at(fault_point::receive);
  me.act();
  me.count_reduction();
  envelope** link = me.start_of_queue();
  const auto take_next = [&]() -> envelope* {
    for (; *link != nullptr; link = &(*link)->next) {
      const auto kind = (*link)->kind();
      if (kind != envelope_kind::message && kind != envelope_kind::cast) continue;
      if (!matches(clauses, **link, clause)) continue;
      me.handles((*link)->type);
      return me.unlink_message(link);
    }
    return nullptr;
  };
  if (envelope* taken = take_next()) return {taken};
  if (!limit) {
    while (me.await_arrival()) {
      if (me.act()) link = me.start_of_queue();
      if (envelope* taken = take_next()) return {taken};
    }
    return {nullptr, true};
  }
  if (limit->count() == 0) return {};
  before_allocation();
  wait_limit wait{*limit};
  do {
    if (!me.await_arrival(wait)) return {nullptr, true};
    if (me.act()) link = me.start_of_queue();
    // What came together with the end of the time is looked at as well.
    if (envelope* taken = take_next()) return {taken};
  } while (!wait.passed());
  return {};
}

// A jump, and no frame of its own.
void unwind_receiver() {
  unwind_from_here();
}

std::chrono::nanoseconds checked_limit(std::chrono::nanoseconds limit) {
  if (limit.count() < 0) {
    throw error{exit_reason{"timeout_value"},
                "a time to wait must be 0 or more; got " + std::to_string(limit.count()) + " ns"};
  }
  return limit;
}

}  // namespace detail

void sleep(std::chrono::nanoseconds time) {
  int clause = 0;
  const auto waited = detail::take_matching([](void*, detail::envelope&, int&) { return false; }, nullptr, clause,
                                            detail::checked_limit(time));
  if (waited.is_over) detail::unwind_receiver();
}

}  // namespace coppice
