#pragma once

// Private to lib/coppice and supervisors/coppice.

#include <cstddef>
#include <new>

#include <sys/mman.h>

namespace coppice::detail {

/// Room for a hash table. Where that is much, it comes from the system, and goes back to it: the general allocator
/// keeps what lies at the end of a thread's heap, dozens of megabytes of it.
template <class T>
struct table_allocator {
  using value_type = T;

  table_allocator() noexcept = default;
  template <class Other>
  table_allocator(const table_allocator<Other>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    const std::size_t size = count * element;
    if (size < large) return static_cast<T*>(::operator new(size));
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc{};
    return static_cast<T*>(mapped);
  }
  void deallocate(T* room, std::size_t count) noexcept {
    if (count * element < large) {
      ::operator delete(room);
    } else {
      ::munmap(room, count * element);
    }
  }

  friend bool operator==(table_allocator, table_allocator) noexcept { return true; }

 private:
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  static constexpr std::size_t element = sizeof(T);  // NOLINT(bugprone-sizeof-expression): also of a pointer
  static constexpr std::size_t large = std::size_t{256} << 10U;
};

/// Gives back the room of a hash table of Boost.Unordered out of which most was taken, which would otherwise keep what
/// it once needed for as long as it lives. To be called when something was taken out: all calls together take no longer
/// than what was put in.
///
/// References into the table are void.
template <class Table>
void shrink_if_sparse(Table& thinned) noexcept {
  constexpr std::size_t small = 4096;  // places: is not worth it
  if (thinned.bucket_count() <= small || thinned.size() >= thinned.bucket_count() / 8) return;
  try {
    thinned.reserve(2 * thinned.size());
  } catch (const std::bad_alloc&) {
    // It stays larger than it need be.
    return;
  }
}

}  // namespace coppice::detail
