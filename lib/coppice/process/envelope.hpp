#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include <coppice/process/envelope_room.hpp>
#include <coppice/process/message_type.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/reference.hpp>

namespace coppice::detail {

/// What is in an envelope. Messages and signals go through one inbox, so that their order is right by construction.
enum class envelope_kind : std::uint8_t {
  message,
  cast,
  call,  // answered by a `reply` or a `down` with its reference
  reply,
  exit,         // as by exit(pid, reason)
  exit_linked,  // a linked process ended
  end,          // `exit`, by one who wants word of the end
  ended,        // that word, where no `exit_linked` gives it
  link,
  unlink,
  unlink_ack,
  monitor,
  demonitor,
  down,
  wake,     // a wait's time is up, or the work of `blocking` is done
  inspect,  // to be run by the process itself
};

/// Whether it is what goes into the queue for anybody to receive, and no signal.
constexpr bool is_message(envelope_kind kind) noexcept {
  return kind <= envelope_kind::call;
}
static_assert(envelope_kind::message < envelope_kind::call && envelope_kind::cast < envelope_kind::call &&
              envelope_kind::call < envelope_kind::reply);

/// Whether its sender is not told: then there is room for something else.
constexpr bool may_point_ahead(envelope_kind kind) noexcept {
  return kind <= envelope_kind::cast;
}
static_assert(envelope_kind::message < envelope_kind::cast);

/// One message or signal on its way, allocated from a pool of its size.
///
/// It carries the pid it was sent to: the slot of a process may have been taken by a successor between the sender's
/// look at it and the push, and the successor must be able to tell.
struct envelope {
  envelope* next;
  std::uint64_t to;
  std::uint64_t from;  // the sender of a signal or of a call; of another message: see `fetch_ahead`
  std::uint64_t tag;   // the kind in the top 8 bits, a reference below
  const message_type* type;

  static constexpr unsigned kind_shift = 56;
  static constexpr std::uint64_t reference_mask = (std::uint64_t{1} << kind_shift) - 1;

  envelope_kind kind() const noexcept { return static_cast<envelope_kind>(tag >> kind_shift); }
  reference ref() const noexcept { return reference::from_value(tag & reference_mask); }
  pid receiver() const noexcept { return pid::from_value(to); }
  pid sender() const noexcept { return pid::from_value(from); }
  void set(envelope_kind kind, reference ref) noexcept {
    tag = (static_cast<std::uint64_t>(kind) << kind_shift) | (ref.value() & reference_mask);
  }

  // A long list of messages lies all over the memory, mostly in what belongs to another processor, and each says only
  // where the next one is. So a message says also where one is that comes some places later: who walks along the list
  // has it fetched meanwhile. Its address alone counts: it may long be another's.
  void fetch_ahead(const envelope* later) noexcept { from = reinterpret_cast<std::uintptr_t>(later); }
  void fetch_what_is_ahead() const noexcept {
    if (may_point_ahead(kind()) && from != 0) __builtin_prefetch(reinterpret_cast<const void*>(from), 1);
  }

  void* payload() noexcept { return reinterpret_cast<std::byte*>(this) + payload_offset(type->alignment); }

  /// The payload. The caller knows that it is a T.
  template <class T>
  T& as() noexcept {
    return *std::launder(reinterpret_cast<T*>(reinterpret_cast<std::byte*>(this) + payload_offset(alignof(T))));
  }

  static constexpr std::size_t payload_offset(std::size_t alignment) noexcept {
    return envelope_payload_offset(alignment);
  }
};
static_assert(sizeof(envelope) == envelope_header);

/// Raw room for an envelope whose payload is of that type. Throws std::bad_alloc.
void* allocate_envelope(const message_type& type);
void deallocate_envelope(void* room, const message_type& type) noexcept;

/// How many there are. Exact while no other thread makes or discards any.
std::size_t live_envelopes();

/// Destroys the payload and gives the room back.
void discard(envelope* over) noexcept;

/// The payload of a signal that has none.
struct nothing {};

template <class T, class... Arguments>
envelope* make_envelope(pid to, envelope_kind kind, pid from, reference ref, Arguments&&... arguments) {
  const message_type& type = message_type_of<T>;
  void* room = allocate_envelope(type);
  auto* made = ::new (room) envelope{nullptr, to.value(), from.value(), 0, &type};
  made->set(kind, ref);
  if constexpr (std::is_nothrow_constructible_v<T, Arguments...>) {
    ::new (made->payload()) T(std::forward<Arguments>(arguments)...);
  } else {
    try {
      ::new (made->payload()) T(std::forward<Arguments>(arguments)...);
    } catch (...) {
      deallocate_envelope(room, type);
      throw;
    }
  }
  return made;
}

}  // namespace coppice::detail
