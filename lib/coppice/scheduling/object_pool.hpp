#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>

#include <coppice/scheduling/block_class.hpp>

namespace coppice::scheduling {

namespace detail {

/// A block that nobody uses, in a list of such.
struct free_block {
  free_block* next;
  /// What lies further on, to be fetched while this one is used: the next one, or, in a batch that has come from
  /// another thread and so lies in another processor's cache, one some places behind. In the depot, of the first block
  /// of a full batch, the next batch.
  free_block* further;
};

/// What one thread keeps of one size of block: a list in use, and one full list in reserve.
///
/// `room` is how many blocks the list still takes. Everything zero means that the thread has not been seen yet: both
/// ways then lead out of line, where that is put right. Only its thread writes it; others read the counts.
struct block_magazine {
  free_block* first;
  free_block* spare;
  std::atomic<std::uint32_t> room;
  std::atomic<std::uint32_t> spare_count;

  void put(void* block, std::uint32_t room_before) noexcept {
    first = ::new (block) free_block{first, first};
    room.store(room_before - 1, std::memory_order_relaxed);
  }
};

struct block_magazines {
  block_magazine of[block_classes];
};

/// The magazines of the calling thread.
///
/// A fiber may be on another thread after it has waited, yet compilers take the address of a `thread_local` to be the
/// same throughout a function, so that a function into which two calls of a pool are inlined, with a wait between them,
/// would go on with the first thread's. Hence the address is computed afresh in a way that they cannot merge, or out of
/// line where there is no such way.
#if defined(__x86_64__) && defined(__ELF__)
[[gnu::always_inline]] inline block_magazines& own_magazines() noexcept {
  block_magazines* address;
  asm volatile(
      "movq coppice_block_magazines@GOTTPOFF(%%rip), %0\n\t"
      "addq %%fs:0, %0"
      : "=r"(address)
      :
      : "cc", "memory");
  return *address;
}
#else
[[gnu::noinline]] block_magazines& own_magazines() noexcept;
#endif

[[gnu::noinline]] void* allocate_block_slowly(std::size_t block_class);
[[gnu::noinline]] void deallocate_block_slowly(std::size_t block_class, void* block) noexcept;
void* allocate_large_block(std::size_t size);
void deallocate_large_block(void* block, std::size_t size) noexcept;
// True: there were some.
[[gnu::noinline]] bool release_cached_blocks(std::size_t block_class) noexcept;
[[gnu::noinline]] bool release_all_cached_blocks() noexcept;
void trim_blocks(std::size_t block_class) noexcept;
void trim_all_blocks() noexcept;
std::size_t live_blocks(std::size_t block_class);

// Worked out once, not for each of its fields.
[[gnu::always_inline]] inline block_magazine& own_magazine(std::size_t block_class) noexcept {
  block_magazine* address = &own_magazines().of[block_class];
  asm("" : "+r"(address));
  return *address;
}

// Null: the thread keeps none.
inline void* take_block_at_hand(std::size_t block_class) noexcept {
  block_magazine& own = own_magazine(block_class);
  free_block* const block = own.first;
  if (block == nullptr) [[unlikely]] {
    return nullptr;
  }
  own.first = block->next;
  __builtin_prefetch(block->further, 1);
  own.room.store(own.room.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return block;
}

inline void* allocate_block(std::size_t block_class) {
  void* const block = take_block_at_hand(block_class);
  return block != nullptr ? block : allocate_block_slowly(block_class);
}

inline void deallocate_block(std::size_t block_class, void* block) noexcept {
  block_magazine& own = own_magazine(block_class);
  std::uint32_t const room = own.room.load(std::memory_order_relaxed);
  if (room == 0) [[unlikely]] {
    deallocate_block_slowly(block_class, block);
    return;
  }
  own.put(block, room);
}

}  // namespace detail

/// Memory in blocks of one size, for what is made and dropped all the time.
///
/// Each thread keeps some free blocks at hand, so that taking and giving back cost a few nanoseconds and no lock; full
/// batches of free blocks go through a depot that all threads share, so that blocks which one thread takes and another
/// gives back find their way. When a thread ends, what it kept goes to the depot. Sizes that round up to the same
/// multiple of 16 (above 512 bytes: of 64) share one pool; more than 1,024 bytes come from `operator new`.
///
/// A block is aligned to 16 bytes, and to 64 when the size is a multiple of 64 and at most 1,024. What is in it is
/// undefined.
///
/// Under AddressSanitizer, ThreadSanitizer and valgrind every block comes from `operator new`, so that a use after the
/// end is seen.
///
/// Errors: `allocate` throws `std::bad_alloc`.
/// Blocking: a short lock of the depot, once in a batch. Threads: safe, also for fibers that change threads between
/// calls.
template <std::size_t Size>
class block_pool {
  static_assert(Size > 0);
  static constexpr bool pooled = Size <= detail::largest_block;
  static constexpr std::size_t block_class = pooled ? detail::block_class_of(Size) : 0;

 public:
  block_pool() = delete;

  static void* allocate() {
    if constexpr (!pooled) {
      return detail::allocate_large_block(Size);
    } else {
      return detail::allocate_block(block_class);
    }
  }

  /// Gives back what `allocate` of this pool returned, on any thread. A null pointer is no block and is ignored.
  static void deallocate(void* block) noexcept {
    if (block == nullptr) return;
    if constexpr (!pooled) {
      detail::deallocate_large_block(block, Size);
    } else {
      detail::deallocate_block(block_class, block);
    }
  }

  /// Hands what the calling thread keeps to the depot.
  static void release_thread_cache() noexcept {
    if constexpr (pooled) detail::release_cached_blocks(block_class);
  }

  /// Gives memory that no block in use lies in back to the system, in chunks of 64 KiB. Begins with the calling
  /// thread's own cache. Takes time for every free block, and for that time other threads do not find them.
  static void trim() noexcept {
    if constexpr (pooled) detail::trim_blocks(block_class);
  }

  /// How many blocks are handed out, of all sizes that share the pool (above 1,024 bytes: of all such sizes). Exact
  /// while no other thread allocates or deallocates.
  static std::size_t live() { return detail::live_blocks(pooled ? block_class : detail::block_classes); }
};

}  // namespace coppice::scheduling
