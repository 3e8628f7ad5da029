#include <atomic>

#include <coppice/process/envelope.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/scheduling/object_pool.hpp>

namespace coppice::detail {

namespace {

// Most messages are a number or two: one cache line. What is larger than the largest class is allocated one by one.
constexpr std::size_t small_size = 64;
constexpr std::size_t middle_size = 128;
constexpr std::size_t large_size = 256;

constexpr std::size_t pool_alignment = 16;

// Of those that come from no pool. The pools know their own numbers, and nothing else takes blocks from these.
constinit std::atomic<std::size_t> unpooled{0};

void* allocate_unpooled(std::size_t size, std::size_t alignment) {
  void* const room =
      alignment > pool_alignment ? ::operator new (size, std::align_val_t{alignment}) : ::operator new(size);
  unpooled.fetch_add(1, std::memory_order_relaxed);
  return room;
}

void deallocate_unpooled(void* room, std::size_t alignment) noexcept {
  unpooled.fetch_sub(1, std::memory_order_relaxed);
  if (alignment > pool_alignment) {
    ::operator delete (room, std::align_val_t{alignment});
  } else {
    ::operator delete(room);
  }
}

}  // namespace

void* allocate_envelope(const message_type& type) {
  const std::size_t size = envelope::payload_offset(type.alignment) + type.size;
  if (type.alignment > pool_alignment) return allocate_unpooled(size, type.alignment);
  if (size <= small_size) return scheduling::block_pool<small_size>::allocate();
  if (size <= middle_size) return scheduling::block_pool<middle_size>::allocate();
  if (size <= large_size) return scheduling::block_pool<large_size>::allocate();
  return allocate_unpooled(size, type.alignment);
}

void deallocate_envelope(void* room, const message_type& type) noexcept {
  const std::size_t size = envelope::payload_offset(type.alignment) + type.size;
  if (type.alignment > pool_alignment) {
    deallocate_unpooled(room, type.alignment);
  } else if (size <= small_size) {
    scheduling::block_pool<small_size>::deallocate(room);
  } else if (size <= middle_size) {
    scheduling::block_pool<middle_size>::deallocate(room);
  } else if (size <= large_size) {
    scheduling::block_pool<large_size>::deallocate(room);
  } else {
    deallocate_unpooled(room, type.alignment);
  }
}

namespace {

// Those of envelopes are counted by their pools: nothing else takes blocks from these.
constexpr std::size_t object_class_of(std::size_t size) noexcept {
  using scheduling::detail::block_class_of;
  const std::size_t fitting = block_class_of(size);
  const bool is_of_envelopes = fitting == block_class_of(small_size) || fitting == block_class_of(middle_size) ||
                               fitting == block_class_of(large_size);
  return is_of_envelopes ? fitting + 1 : fitting;
}

}  // namespace

void* allocate_object(std::size_t size) {
  if (size > scheduling::detail::largest_block) return scheduling::detail::allocate_large_block(size);
  return scheduling::detail::allocate_block(object_class_of(size));
}

void deallocate_object(void* room, std::size_t size) noexcept {
  if (size > scheduling::detail::largest_block) {
    scheduling::detail::deallocate_large_block(room, size);
  } else {
    scheduling::detail::deallocate_block(object_class_of(size), room);
  }
}

std::size_t live_envelopes() {
  return scheduling::block_pool<small_size>::live() + scheduling::block_pool<middle_size>::live() +
         scheduling::block_pool<large_size>::live() + unpooled.load(std::memory_order_relaxed);
}

void discard(envelope* over) noexcept {
  const message_type& type = *over->type;
  if (type.destroy != nullptr) type.destroy(over->payload());
  deallocate_envelope(over, type);
}

}  // namespace coppice::detail
