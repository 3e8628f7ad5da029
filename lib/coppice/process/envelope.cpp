#include <atomic>

#include <coppice/process/envelope.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/scheduling/object_pool.hpp>

namespace coppice::detail {

namespace {

// Of those that come from no pool. The pools know their own numbers, and nothing else takes blocks from these.
constinit std::atomic<std::size_t> unpooled{0};

std::size_t size_of_envelope(const message_type& type) noexcept {
  return envelope::payload_offset(type.alignment) + type.size;
}

[[gnu::noinline]] void* allocate_unpooled(const message_type& type) {
  const std::size_t size = size_of_envelope(type);
  void* const room = type.alignment > pooled_alignment ? ::operator new (size, std::align_val_t{type.alignment})
                                                       : ::operator new(size);
  unpooled.fetch_add(1, std::memory_order_relaxed);
  return room;
}

[[gnu::noinline]] void deallocate_unpooled(void* room, const message_type& type) noexcept {
  unpooled.fetch_sub(1, std::memory_order_relaxed);
  if (type.alignment > pooled_alignment) {
    ::operator delete (room, std::align_val_t{type.alignment});
  } else {
    ::operator delete(room);
  }
}

// A function of its own, so that the other way, which most envelopes go, needs no frame.
[[gnu::noinline]] void discard_with_payload(envelope* over) noexcept {
  const message_type& type = *over->type;
  if (type.destroy != nullptr) type.destroy(over->payload());
  deallocate_envelope(over, type);
}

}  // namespace

void* allocate_envelope(const message_type& type) {
  if (type.room == envelope_room::alone) [[unlikely]] {
    return allocate_unpooled(type);
  }
  return scheduling::detail::allocate_block(block_class_of(type.room));
}

void deallocate_envelope(void* room, const message_type& type) noexcept {
  if (type.room == envelope_room::alone) [[unlikely]] {
    deallocate_unpooled(room, type);
  } else {
    scheduling::detail::deallocate_block(block_class_of(type.room), room);
  }
}

void* allocate_object_of(std::size_t object_class) {
  return scheduling::detail::allocate_block(object_class);
}

void deallocate_object_of(std::size_t object_class, void* room) noexcept {
  scheduling::detail::deallocate_block(object_class, room);
}

void* allocate_large_object(std::size_t size) {
  return scheduling::detail::allocate_large_block(size);
}

void deallocate_large_object(void* room, std::size_t size) noexcept {
  scheduling::detail::deallocate_large_block(room, size);
}

std::size_t live_envelopes() {
  using scheduling::detail::live_blocks;
  return live_blocks(block_class_of(envelope_room::small)) + live_blocks(block_class_of(envelope_room::middle)) +
         live_blocks(block_class_of(envelope_room::large)) + unpooled.load(std::memory_order_relaxed);
}

void discard(envelope* over) noexcept {
  const envelope_room room = over->type->plain_room;
  if (room == envelope_room::alone) [[unlikely]] {
    discard_with_payload(over);
  } else {
    scheduling::detail::deallocate_block(block_class_of(room), over);
  }
}

}  // namespace coppice::detail
