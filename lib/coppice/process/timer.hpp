#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/process/envelope.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/send.hpp>
#include <coppice/scheduling/timer_action.hpp>

namespace coppice {

/// Names a timer. False when default-constructed. A value: any process may cancel with it (S50).
class timer_reference {
 public:
  constexpr timer_reference() noexcept = default;
  constexpr timer_reference(std::uint64_t id, std::uint32_t shard, std::chrono::nanoseconds deadline) noexcept
      : id_{id}, deadline_{deadline}, shard_{shard} {}
  constexpr explicit operator bool() const noexcept { return id_ != 0; }
  friend constexpr auto operator<=>(timer_reference, timer_reference) noexcept = default;
  constexpr std::uint64_t id() const noexcept { return id_; }
  constexpr std::uint32_t shard() const noexcept { return shard_; }
  /// By the runtime's clock.
  constexpr std::chrono::nanoseconds deadline() const noexcept { return deadline_; }

 private:
  std::uint64_t id_ = 0;
  std::chrono::nanoseconds deadline_{};
  std::uint32_t shard_ = 0;
};

namespace detail {

timer_reference start_timer(std::chrono::nanoseconds time, pid receiver, scheduling::timer_action&& delivery);
timer_reference send_later(std::chrono::nanoseconds time, pid receiver, envelope* message);
timer_reference send_later(std::chrono::nanoseconds time, std::string_view receiver, envelope* message);

/// Lies in a timer, whose owner is the receiver. What is small lies there itself, and gets its envelope when it is due.
template <class T>
struct delivery_of {
  T message;

  void operator()(std::uint64_t receiver) {
    deliver(
        make_envelope<T>(pid::from_value(receiver), envelope_kind::message, pid{}, reference{}, std::move(message)));
  }
};

}  // namespace detail

/// Sends `message` to a process after that time (S49), never sooner. The timer goes with the process if that ends first
/// (S52). Does not wait. A negative time throws `error{badarg}` (S51). Threads: any.
template <class T>
timer_reference send_after(std::chrono::nanoseconds time, pid receiver, T&& message) {
  using value = detail::message_value<T>;
  if constexpr (scheduling::timer_action::fits_inline<detail::delivery_of<value>>) {
    detail::before_allocation();
    return detail::start_timer(time, receiver, detail::delivery_of<value>{std::forward<T>(message)});
  } else {
    return detail::send_later(time, receiver,
                              detail::write_envelope<value>(receiver, detail::envelope_kind::message, pid{},
                                                            reference{}, std::forward<T>(message)));
  }
}

/// The same to whoever has that name when the time has come (S52); nobody: nothing happens.
template <class T>
timer_reference send_after(std::chrono::nanoseconds time, std::string_view receiver, T&& message) {
  return detail::send_later(time, receiver,
                            detail::write_envelope<detail::message_value<T>>(
                                pid{}, detail::envelope_kind::message, pid{}, reference{}, std::forward<T>(message)));
}

/// Cancels a timer. Returns the time that was left, or nothing if it was no longer active: then its message may be in
/// the queue already (S50).
std::optional<std::chrono::milliseconds> cancel_timer(timer_reference timer);

/// The time that is left, or nothing if it is no longer active (S51).
std::optional<std::chrono::milliseconds> read_timer(timer_reference timer);

/// The runtime's clock: real time, or the virtual time of a simulation. Starts anywhere; never goes back.
std::chrono::nanoseconds monotonic_time();

}  // namespace coppice
