#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace coppice::scheduling {

/// Memory for one fiber to run on. It grows down from `top`, which is aligned to 64 bytes.
struct stack {
  void* top = nullptr;
  std::size_t size = 0;  ///< Usable bytes below `top`. `top - size` is the start of a page.
};

/// Stacks for fibers, carved out of large reservations and used again.
///
/// Sizes are powers of two from 16 KiB to 64 MiB, with a page below each that faults when it is touched, so that a
/// stack that is too small ends in a signal and not in its neighbour's memory. Tops are staggered by up to 960 bytes,
/// within the first page, because the same page offset would put the busy ends of all stacks into the same few cache
/// sets; a stack is smaller than its class by that much.
///
/// A stack costs address space at first, memory for each page once that is touched, and keeps its pages when it comes
/// back: the next one of its class is the one that came back last. `trim` gives the pages of those at rest to the
/// system.
///
/// Guards: where the kernel has light ones (`MADV_GUARD_INSTALL`, Linux 6.13), every stack has one. Elsewhere
/// `mprotect` makes them, which splits the mapping, of which a process may have only so many (`vm.max_map_count`);
/// stacks beyond about 30,000 then go without. `options::notice` hears of either, once each.
///
/// Errors: `allocate` throws `std::bad_alloc`, also for more than 64 MiB.
/// Blocking: a short lock; system calls only for a stack that never was in use, and in `trim`.
/// Threads: safe to share. All stacks have to be back before the pool is destroyed: their memory goes with it.
class stack_pool {
 public:
  enum class guard {
    automatic,  ///< Light guards if the kernel has them, else `mprotect`.
    mprotect,   ///< As on a kernel without light guards.
    none,       ///< No guards: an overrun goes unnoticed.
  };

  struct options {
    stack_pool::guard guard = stack_pool::guard::automatic;
    /// Is told, in a sentence, that stacks are guarded by `mprotect` where light guards were wanted, and that stacks go
    /// unguarded. Called without a lock, on the thread that allocates; it must not throw.
    std::function<void(std::string_view)> notice = {};
    /// How many guards by `mprotect` the whole process may have. 0: as many as `vm.max_map_count` allows, less some.
    std::size_t mprotect_limit = 0;
  };

  struct statistics {
    std::size_t in_use = 0;          ///< Stacks handed out.
    std::size_t cached = 0;          ///< Stacks that came back,
    std::size_t warm = 0;            ///< and those of them whose pages have not been given back to the system.
    std::size_t reserved_bytes = 0;  ///< Address space, not memory.
    std::size_t guarded = 0;         ///< Stacks in use or cached that have a guard,
    std::size_t unguarded = 0;       ///< and those that have none.
  };

  static constexpr std::size_t smallest = std::size_t{16} << 10;
  static constexpr std::size_t largest = std::size_t{64} << 20;

  stack_pool();
  explicit stack_pool(options chosen);
  stack_pool(stack_pool const&) = delete;
  stack_pool& operator=(stack_pool const&) = delete;
  ~stack_pool();

  /// A stack of the size class that `size` rounds up to. What is in it is undefined.
  stack allocate(std::size_t size);

  /// Takes a stack back, exactly as `allocate` returned it. Nobody may be running on it any more.
  void deallocate(stack returned) noexcept;

  /// Gives the pages of cached stacks back to the system, keeping the addresses, and unmaps reservations in which no
  /// stack is in use.
  void trim() noexcept;

  /// How much of a stack is in memory, in bytes. Does not touch it. Stale as soon as it is known if the stack is in
  /// use.
  std::size_t resident_bytes(stack measured) const noexcept;

  statistics stats() const;

  /// Whether an address lies in the guard page below a stack of this pool, and of which one: for the report on a
  /// `SIGSEGV`. May be called in a signal handler, on any thread; `which` may be null.
  bool owns(void const* address, stack* which) const noexcept;

 private:
  struct state;

  std::unique_ptr<state> state_;
};

}  // namespace coppice::scheduling
