#include <coppice/process/envelope.hpp>
#include <coppice/scheduling/object_pool.hpp>

namespace coppice::detail {

namespace {

// Most messages are a number or two: one cache line. What is larger than the largest class is allocated one by one.
constexpr std::size_t small_size = 64;
constexpr std::size_t middle_size = 128;
constexpr std::size_t large_size = 256;

constexpr std::size_t pool_alignment = 16;

}  // namespace

void* allocate_envelope(const message_type& type) {
  const std::size_t size = envelope::payload_offset(type.alignment) + type.size;
  if (type.alignment > pool_alignment) return ::operator new (size, std::align_val_t{type.alignment});
  if (size <= small_size) return scheduling::block_pool<small_size>::allocate();
  if (size <= middle_size) return scheduling::block_pool<middle_size>::allocate();
  if (size <= large_size) return scheduling::block_pool<large_size>::allocate();
  return ::operator new(size);
}

void deallocate_envelope(void* room, const message_type& type) noexcept {
  const std::size_t size = envelope::payload_offset(type.alignment) + type.size;
  if (type.alignment > pool_alignment) {
    ::operator delete (room, std::align_val_t{type.alignment});
  } else if (size <= small_size) {
    scheduling::block_pool<small_size>::deallocate(room);
  } else if (size <= middle_size) {
    scheduling::block_pool<middle_size>::deallocate(room);
  } else if (size <= large_size) {
    scheduling::block_pool<large_size>::deallocate(room);
  } else {
    ::operator delete(room);
  }
}

void discard(envelope* over) noexcept {
  const message_type& type = *over->type;
  type.destroy(over->payload());
  deallocate_envelope(over, type);
}

}  // namespace coppice::detail
