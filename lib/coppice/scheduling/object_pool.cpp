#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <coppice/scheduling/object_pool.hpp>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

namespace coppice::scheduling::detail {

// The name is for the assembler text in the header. Constant zero, so that no thread has to initialise it; the depot
// takes the blocks back through `thread_presence` below.
[[gnu::tls_model("initial-exec"),
  gnu::used]] constinit thread_local block_magazines this_thread_magazines asm("coppice_block_magazines") = {};

#if !(defined(__x86_64__) && defined(__ELF__))
[[gnu::noipa]] block_magazines& own_magazines() noexcept {
  return this_thread_magazines;
}
#endif

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Whether every block comes from `operator new`. Magazines then stay as they began, so that each call comes here.
bool blocks_are_plain() noexcept {
  static bool const plain = sanitized || RUNNING_ON_VALGRIND != 0;
  return plain;
}

static_assert(sizeof(free_block) <= block_class_size(0));

constexpr std::size_t chunk_size = 64 * 1024;
constexpr std::size_t region_size = 64 * 1024 * 1024;
constexpr std::size_t header_size = 64;

/// Stands at the start of a chunk, which is aligned to its size, so that a block finds it.
struct chunk {
  chunk* next;
  std::uint32_t carved;
  std::uint32_t free;  // counted while trimming, 0 otherwise
};
static_assert(sizeof(chunk) <= header_size);

chunk* chunk_of(free_block* block) noexcept {
  return reinterpret_cast<chunk*>(reinterpret_cast<std::uintptr_t>(block) & ~std::uintptr_t{chunk_size - 1});
}

constexpr std::uint32_t batch_size_of(std::size_t block_class) noexcept {
  std::size_t const in_a_page = 4096 / block_class_size(block_class);
  return static_cast<std::uint32_t>(in_a_page < 16 ? 16 : in_a_page > 64 ? 64 : in_a_page);
}

/// Hands out chunks of address space, of any class. A chunk that comes back keeps its addresses and loses its pages.
class chunk_source {
 public:
  void* take() {
    std::lock_guard lock(mutex_);
    if (!returned_.empty()) {
      void* const taken = returned_.back();
      returned_.pop_back();
      return taken;
    }
    if (next_ == end_) map_region();
    return std::exchange(next_, next_ + chunk_size);
  }

  void give_back(void* taken) noexcept {
    madvise(taken, chunk_size, MADV_DONTNEED);
    std::lock_guard lock(mutex_);
    returned_.push_back(taken);  // room was reserved with the region
  }

 private:
  void map_region() {
    returned_.reserve(returned_.capacity() + region_size / chunk_size);
    void* const mapped = mmap(nullptr, region_size + chunk_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    madvise(mapped, region_size + chunk_size, MADV_NOHUGEPAGE);
    auto const address = reinterpret_cast<std::uintptr_t>(mapped);
    next_ = static_cast<std::byte*>(mapped) + (-address & (chunk_size - 1));
    end_ = next_ + region_size;
  }

  std::mutex mutex_;
  std::vector<void*> returned_;
  std::byte* next_ = nullptr;
  std::byte* end_ = nullptr;
};

// Never destroyed: threads and static objects may outlive any order of destruction.
chunk_source& chunks() {
  static chunk_source* const source = new chunk_source;
  return *source;
}

/// The free blocks of one class that no thread keeps.
struct depot {
  std::mutex mutex;
  free_block* batches = nullptr;  // full ones
  free_block* loose = nullptr;
  chunk* all_chunks = nullptr;
  chunk* current = nullptr;  // carved from
  std::size_t free_count = 0;
  std::size_t carved_count = 0;
  std::atomic<const block_magazines*> last_taker{nullptr};  // whose thread took blocks last

  // Only what came from `operator new`.
  std::atomic<std::size_t> plain_count{0};
};

constinit depot depots[block_classes + 1];  // the last one only counts large blocks

struct block_list {
  free_block* first = nullptr;
  std::uint32_t count = 0;
};

// Under the depot's lock.
block_list carve(depot& from, std::size_t block_class) {
  std::size_t const size = block_class_size(block_class);
  std::uint32_t const capacity = static_cast<std::uint32_t>((chunk_size - header_size) / size);
  if (from.current == nullptr || from.current->carved == capacity) {
    void* const memory = chunks().take();
#ifdef MADV_POPULATE_WRITE
    // A class that has filled a chunk will fill another: one call for its pages instead of a fault for each.
    if (from.all_chunks != nullptr) madvise(memory, chunk_size, MADV_POPULATE_WRITE);
#endif
    from.current = from.all_chunks = ::new (memory) chunk{from.all_chunks, 0, 0};
  }
  chunk& source = *from.current;
  std::uint32_t const count = std::min(batch_size_of(block_class), capacity - source.carved);
  std::byte* const start = reinterpret_cast<std::byte*>(&source) + header_size + source.carved * size;
  block_list carved{nullptr, count};
  for (std::uint32_t i = count; i-- > 0;) {
    carved.first = ::new (static_cast<void*>(start + i * size)) free_block{carved.first, carved.first};
  }
  source.carved += count;
  from.carved_count += count;
  return carved;
}

// Takes up to a batch; at least one block.
block_list take_blocks(std::size_t block_class) {
  depot& from = depots[block_class];
  from.last_taker.store(&this_thread_magazines, std::memory_order_relaxed);
  std::lock_guard lock(from.mutex);
  block_list taken;
  if (from.batches != nullptr) {
    taken = {from.batches, batch_size_of(block_class)};
    from.batches = taken.first->further;
  } else if (from.loose != nullptr) {
    taken.first = from.loose;
    free_block* last = from.loose;
    for (taken.count = 1; taken.count < batch_size_of(block_class) && last->next != nullptr; ++taken.count) {
      last = last->next;
    }
    from.loose = std::exchange(last->next, nullptr);
  } else {
    return carve(from, block_class);
  }
  from.free_count -= taken.count;
  return taken;
}

// Whoever uses the batch next has to wait for each block to come over from this processor, and learns only from the
// block where the next one is: so each says where one is that comes some places later.
void point_ahead(free_block* first) noexcept {
  constexpr int distance = 8;
  free_block* ahead = first;
  for (int i = 0; i < distance && ahead != nullptr; ++i) ahead = ahead->next;
  for (; ahead != nullptr; first = first->next, ahead = ahead->next) first->further = ahead;
}

void give_batch(std::size_t block_class, free_block* first) noexcept {
  depot& to = depots[block_class];
  if (to.last_taker.load(std::memory_order_relaxed) != &this_thread_magazines) point_ahead(first);
  std::lock_guard lock(to.mutex);
  first->further = to.batches;
  to.batches = first;
  to.free_count += batch_size_of(block_class);
}

void give_loose(std::size_t block_class, free_block* first, std::uint32_t count) noexcept {
  if (first == nullptr) return;
  free_block* last = first;
  while (last->next != nullptr) last = last->next;
  depot& to = depots[block_class];
  std::lock_guard lock(to.mutex);
  last->next = to.loose;
  to.loose = first;
  to.free_count += count;
}

std::uint32_t kept(block_magazine const& magazine, std::size_t block_class) noexcept {
  return batch_size_of(block_class) - magazine.room.load(std::memory_order_relaxed);
}

// False: it was empty.
bool empty(block_magazine& magazine, std::size_t block_class) noexcept {
  const bool any = magazine.first != nullptr || magazine.spare != nullptr;
  give_loose(block_class, std::exchange(magazine.first, nullptr), kept(magazine, block_class));
  magazine.room.store(batch_size_of(block_class), std::memory_order_relaxed);
  if (magazine.spare != nullptr) {
    give_batch(block_class, std::exchange(magazine.spare, nullptr));
    magazine.spare_count.store(0, std::memory_order_relaxed);
  }
  return any;
}

enum class presence { unseen, present, departed };
constinit thread_local presence this_thread_presence = presence::unseen;

class thread_presence;
constinit std::mutex present_threads_mutex;
constinit thread_presence* present_threads = nullptr;

/// Lives as long as its thread may keep blocks, and takes them from it at the end.
class thread_presence {
 public:
  thread_presence() noexcept : magazines_(&this_thread_magazines) {
    for (std::size_t i = 0; i < block_classes; ++i) {
      magazines_->of[i].room.store(batch_size_of(i), std::memory_order_relaxed);
    }
    std::lock_guard lock(present_threads_mutex);
    next_ = present_threads;
    if (next_ != nullptr) next_->previous_ = this;
    present_threads = this;
    this_thread_presence = presence::present;
  }

  ~thread_presence() {
    // Objects that are destroyed after this one may still use blocks. Without room and without blocks they come to the
    // slow ways, which then go to the depot.
    for (std::size_t i = 0; i < block_classes; ++i) {
      empty(magazines_->of[i], i);
      magazines_->of[i].room.store(0, std::memory_order_relaxed);
    }
    std::lock_guard lock(present_threads_mutex);
    this_thread_presence = presence::departed;
    (previous_ != nullptr ? previous_->next_ : present_threads) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
  }

  thread_presence(thread_presence const&) = delete;
  thread_presence& operator=(thread_presence const&) = delete;

  block_magazines const& magazines() const noexcept { return *magazines_; }
  thread_presence* next() const noexcept { return next_; }

 private:
  block_magazines* magazines_;
  thread_presence* next_ = nullptr;
  thread_presence* previous_ = nullptr;
};

// False when the thread is past keeping blocks.
bool may_keep_blocks() noexcept {
  if (this_thread_presence == presence::unseen) {
    static thread_local thread_presence appears;
    static_cast<void>(appears);
  }
  return this_thread_presence == presence::present;
}

constexpr bool over_aligned(std::size_t size) noexcept {
  return size % 64 == 0 && size <= largest_block;
}

void* plain_new(std::size_t size) {
  return over_aligned(size) ? ::operator new (size, std::align_val_t{64}) : ::operator new(size);
}

void plain_delete(void* block, std::size_t size) noexcept {
  over_aligned(size) ? ::operator delete (block, std::align_val_t{64}) : ::operator delete(block);
}

}  // namespace

void* allocate_block_slowly(std::size_t block_class) {
  if (blocks_are_plain()) {
    void* const block = plain_new(block_class_size(block_class));
    depots[block_class].plain_count.fetch_add(1, std::memory_order_relaxed);
    return block;
  }
  if (!may_keep_blocks()) {
    block_list const taken = take_blocks(block_class);
    give_loose(block_class, taken.first->next, taken.count - 1);
    return taken.first;
  }
  block_magazine& own = this_thread_magazines.of[block_class];
  block_list list;
  if (own.first != nullptr) {  // the thread has only now appeared
    list = {own.first, kept(own, block_class)};
  } else if (own.spare != nullptr) {
    list = {std::exchange(own.spare, nullptr), batch_size_of(block_class)};
    own.spare_count.store(0, std::memory_order_relaxed);
  } else {
    list = take_blocks(block_class);
  }
  own.first = list.first->next;
  own.room.store(batch_size_of(block_class) - (list.count - 1), std::memory_order_relaxed);
  return list.first;
}

void deallocate_block_slowly(std::size_t block_class, void* block) noexcept {
  if (blocks_are_plain()) {
    depots[block_class].plain_count.fetch_sub(1, std::memory_order_relaxed);
    plain_delete(block, block_class_size(block_class));
    return;
  }
  if (!may_keep_blocks()) {
    give_loose(block_class, ::new (block) free_block{nullptr, nullptr}, 1);
    return;
  }
  block_magazine& own = this_thread_magazines.of[block_class];
  std::uint32_t const batch = batch_size_of(block_class);
  if (own.room.load(std::memory_order_relaxed) == 0) {
    if (own.spare != nullptr) give_batch(block_class, own.spare);
    own.spare = std::exchange(own.first, nullptr);
    own.spare_count.store(batch, std::memory_order_relaxed);
    own.room.store(batch, std::memory_order_relaxed);
  }
  own.put(block, own.room.load(std::memory_order_relaxed));
}

void* allocate_large_block(std::size_t size) {
  void* const block = plain_new(size);
  depots[block_classes].plain_count.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void deallocate_large_block(void* block, std::size_t size) noexcept {
  depots[block_classes].plain_count.fetch_sub(1, std::memory_order_relaxed);
  plain_delete(block, size);
}

bool release_cached_blocks(std::size_t block_class) noexcept {
  return this_thread_presence == presence::present && empty(this_thread_magazines.of[block_class], block_class);
}

bool release_all_cached_blocks() noexcept {
  bool any = false;
  for (std::size_t i = 0; i < block_classes; ++i) any = release_cached_blocks(i) || any;
  return any;
}

namespace {

template <class Visit>
void for_each_block(free_block* first, Visit visit) {
  while (first != nullptr) {
    free_block* const next = first->next;  // a visit may use the block's words
    visit(first);
    first = next;
  }
}

template <class Visit>
void for_each_free(free_block* batches, free_block* loose, Visit visit) {
  while (batches != nullptr) {
    free_block* const next = batches->further;
    for_each_block(batches, visit);
    batches = next;
  }
  for_each_block(loose, visit);
}

// One at a time: chunks count for one.
constinit std::mutex trimming;

}  // namespace

// The free blocks are taken out and looked at without the depot's lock. Whoever needs some meanwhile carves new ones.
void trim_blocks(std::size_t block_class) noexcept {
  release_cached_blocks(block_class);
  std::lock_guard alone(trimming);
  depot& trimmed = depots[block_class];
  std::uint32_t const batch = batch_size_of(block_class);
  free_block* batches;
  free_block* loose;
  {
    std::lock_guard lock(trimmed.mutex);
    batches = std::exchange(trimmed.batches, nullptr);
    loose = std::exchange(trimmed.loose, nullptr);
  }
  for_each_free(batches, loose, [](free_block* block) { ++chunk_of(block)->free; });

  // A chunk that is unused now stays so: all of its blocks are here.
  chunk* unused = nullptr;
  {
    std::lock_guard lock(trimmed.mutex);
    for (chunk** link = &trimmed.all_chunks; *link != nullptr;) {
      chunk* const visited = *link;
      if (visited->carved == 0 || visited->free != visited->carved) {
        link = &visited->next;
        continue;
      }
      *link = visited->next;
      visited->next = unused;
      unused = visited;
      trimmed.carved_count -= visited->carved;
      trimmed.free_count -= visited->carved;
      if (trimmed.current == visited) trimmed.current = nullptr;
      visited->carved = 0;  // marks it, in what follows
    }
  }

  // What stays is sorted into batches anew.
  free_block* full = nullptr;
  free_block* last_full = nullptr;
  block_list filling;
  free_block* last_filling = nullptr;
  for_each_free(batches, loose, [&](free_block* block) {
    chunk& home = *chunk_of(block);
    if (home.carved == 0) return;
    home.free = 0;
    block->next = filling.first;
    filling.first = block;
    if (filling.count == 0) last_filling = block;
    if (++filling.count < batch) return;
    block->further = full;
    full = block;
    if (last_full == nullptr) last_full = block;
    filling = {};
  });
  {
    std::lock_guard lock(trimmed.mutex);
    if (full != nullptr) last_full->further = std::exchange(trimmed.batches, full);
    if (filling.first != nullptr) last_filling->next = std::exchange(trimmed.loose, filling.first);
  }
  while (unused != nullptr) {
    chunk* const next = unused->next;
    chunks().give_back(unused);
    unused = next;
  }
}

void trim_all_blocks() noexcept {
  for (std::size_t i = 0; i < block_classes; ++i) trim_blocks(i);
}

std::size_t live_blocks(std::size_t block_class) {
  depot& counted = depots[block_class];
  std::size_t const plain = counted.plain_count.load(std::memory_order_relaxed);
  if (block_class == block_classes || blocks_are_plain()) return plain;
  std::scoped_lock lock(present_threads_mutex, counted.mutex);
  std::size_t idle = counted.free_count;
  for (thread_presence const* thread = present_threads; thread != nullptr; thread = thread->next()) {
    block_magazine const& magazine = thread->magazines().of[block_class];
    idle += kept(magazine, block_class) + magazine.spare_count.load(std::memory_order_relaxed);
  }
  // Counts that other threads change meanwhile need not fit together.
  return idle < counted.carved_count ? counted.carved_count - idle : 0;
}

}  // namespace coppice::scheduling::detail
