#include <memory>
#include <utility>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

namespace {

struct discard_envelope {
  void operator()(detail::envelope* over) const noexcept { detail::discard(over); }
};
using owned_envelope = std::unique_ptr<detail::envelope, discard_envelope>;

scheduling::time_point deadline_after(std::chrono::nanoseconds time) {
  if (time.count() < 0) {
    throw error{exit_reason{"badarg"}, "a timer's time must be 0 or more; got " + std::to_string(time.count()) + " ns"};
  }
  return detail::running_runtime().engine.timer_deadline_after(time);
}

// No more than the timer was given, though another thread's clock may have been ahead of this one's.
std::chrono::milliseconds left_of(timer_reference timer, scheduling::runtime& engine) {
  const auto left = timer.deadline() - engine.timer_now().time_since_epoch() - engine.timer_now_slack();
  return std::max(std::chrono::milliseconds{0}, std::chrono::ceil<std::chrono::milliseconds>(left));
}

scheduling::timer as_timer(timer_reference of) {
  return scheduling::timer{scheduling::timer_id{of.id()}, of.shard()};
}

}  // namespace

namespace detail {

timer_reference start_timer(std::chrono::nanoseconds time, pid receiver, scheduling::timer_action&& delivery) {
  const auto deadline = deadline_after(time);
  auto& engine = running_runtime().engine;
  const auto start = [&] {
    const auto made = engine.start_timer(deadline, std::move(delivery), receiver.value());
    return timer_reference{made.id.value, made.shard, deadline.time_since_epoch()};
  };
  if (control_block* me = control_block::current_or_null(); me != nullptr && me->self() == receiver && me->has_body()) {
    me->has_timers();
    return start();
  }
  auto& table = process_table::instance();
  {
    // Marked before the timer is there: a process that ends looks for its timers after it has left the table.
    const std::lock_guard hold{table.guard_of(receiver)};
    if (!table.is_living(receiver)) return {};
    table.slot(receiver).process().has_timers();
  }
  const timer_reference made = start();
  if (!table.is_living(receiver)) engine.cancel_timer(as_timer(made));
  return made;
}

timer_reference send_later(std::chrono::nanoseconds time, pid receiver, envelope* message) {
  return start_timer(time, receiver, [owned = owned_envelope{message}]() mutable { deliver(owned.release()); });
}

timer_reference send_later(std::chrono::nanoseconds time, std::string_view receiver, envelope* message) {
  owned_envelope owned{message};
  const auto deadline = deadline_after(time);
  const auto made = running_runtime().engine.start_timer(
      deadline, [owned = std::move(owned), name = std::string{receiver}]() mutable {
        owned->to = whereis(name).value();
        deliver(owned.release());
      });
  return timer_reference{made.id.value, made.shard, deadline.time_since_epoch()};
}

}  // namespace detail

// While the time is read the timer comes from memory.
std::optional<std::chrono::milliseconds> cancel_timer(timer_reference timer) {
  auto& engine = detail::running_runtime().engine;
  engine.prefetch(as_timer(timer));
  const auto left = left_of(timer, engine);
  if (!engine.cancel_timer(as_timer(timer))) return std::nullopt;
  return left;
}

std::optional<std::chrono::milliseconds> read_timer(timer_reference timer) {
  auto& engine = detail::running_runtime().engine;
  if (!engine.is_pending(as_timer(timer))) return std::nullopt;
  return left_of(timer, engine);
}

std::chrono::nanoseconds monotonic_time() {
  return detail::running_runtime().engine.now().time_since_epoch();
}

}  // namespace coppice
