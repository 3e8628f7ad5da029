#pragma once

#include <cstddef>
#include <new>

#include <coppice/process/envelope_room.hpp>
#include <coppice/scheduling/block_class.hpp>

namespace coppice::detail {

// Envelopes are counted by their pools: nothing else takes blocks from these.
constexpr std::size_t object_class_of(std::size_t size) noexcept {
  const std::size_t fitting = scheduling::detail::block_class_of(size);
  return fitting == block_class_of(envelope_room::small) || fitting == block_class_of(envelope_room::middle) ||
                 fitting == block_class_of(envelope_room::large)
             ? fitting + 1
             : fitting;
}

void* allocate_object_of(std::size_t object_class);
void deallocate_object_of(std::size_t object_class, void* room) noexcept;
void* allocate_large_object(std::size_t size);
void deallocate_large_object(void* room, std::size_t size) noexcept;

/// Room for an object that lives as long as a process, or as a child of a supervisor: from the pools of
/// `scheduling/object_pool.hpp`. There are many of them, and when a tree falls all go at once, which the general
/// allocator takes its time for.
///
/// Aligned to 16 bytes. Errors: throws std::bad_alloc. Threads: any, also another one to give it back.
inline void* allocate_object(std::size_t size) {
  return size > scheduling::detail::largest_block ? allocate_large_object(size)
                                                  : allocate_object_of(object_class_of(size));
}
inline void deallocate_object(void* room, std::size_t size) noexcept {
  if (size > scheduling::detail::largest_block) {
    deallocate_large_object(room, size);
  } else {
    deallocate_object_of(object_class_of(size), room);
  }
}

/// A base for what `new` is to make there.
struct pooled_object {
  static void* operator new(std::size_t size) { return allocate_object(size); }
  static void operator delete(void* room, std::size_t size) noexcept { deallocate_object(room, size); }
  // What wants more alignment than usual.
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* room, std::size_t /*size*/, std::align_val_t alignment) noexcept {
    ::operator delete(room, alignment);
  }

 protected:
  ~pooled_object() = default;
};

/// The same for a container that makes its elements one by one.
template <class T>
struct object_allocator {
  using value_type = T;

  object_allocator() noexcept = default;
  template <class Other>
  object_allocator(const object_allocator<Other>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_object(count * sizeof(T))); }
  void deallocate(T* room, std::size_t count) noexcept { deallocate_object(room, count * sizeof(T)); }

  friend bool operator==(object_allocator, object_allocator) noexcept { return true; }
};

}  // namespace coppice::detail
