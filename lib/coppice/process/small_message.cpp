#include <array>
#include <cstring>
#include <new>

#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/small_message.hpp>
#include <coppice/scheduling/object_pool.hpp>

namespace coppice::detail {

namespace {

constexpr std::size_t payload = envelope_payload_offset(alignof(word));
static_assert(payload + most_words * sizeof(word) <=
              scheduling::detail::block_class_size(block_class_of(envelope_room::small)));

template <class... Words>
envelope* write_small(void* room, pid to, envelope_kind kind, const message_type& type, Words... words) noexcept {
  auto* const made = ::new (room) envelope{nullptr, to.value(), 0, 0, &type};
  made->set(kind, reference{});
  const std::array<word, sizeof...(Words)> value{words...};
  std::memcpy(static_cast<std::byte*>(room) + payload, value.data(), sizeof value);
  return made;
}

// A function of its own, so that the usual way needs no frame.
template <class... Words>
[[gnu::noinline]] void deliver_slowly(pid to, envelope_kind kind, const message_type& type, Words... words) {
  before_allocation();
  deliver(write_small(allocate_envelope(type), to, kind, type, words...));
}

template <class... Words>
[[gnu::always_inline]] inline void deliver_quickly(pid to, envelope_kind kind, const message_type& type,
                                                   Words... words) {
  void* room = nullptr;
  if (!faults_are_injected.load(std::memory_order_relaxed)) [[likely]] {
    room = scheduling::detail::take_block_at_hand(block_class_of(envelope_room::small));
  }
  if (room == nullptr) [[unlikely]] {
    deliver_slowly(to, kind, type, words...);
    return;
  }
  envelope* const sent = write_small(room, to, kind, type, words...);
  if (!process_table::push(sent)) [[unlikely]] {
    turn_away_for_dead(sent);
  }
}

}  // namespace

void deliver_small(pid to, envelope_kind kind, const message_type& type, word first) {
  deliver_quickly(to, kind, type, first);
}

void deliver_small(pid to, envelope_kind kind, const message_type& type, word first, word second, word third) {
  deliver_quickly(to, kind, type, first, second, third);
}

}  // namespace coppice::detail
