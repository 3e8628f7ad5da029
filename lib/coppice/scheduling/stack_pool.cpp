#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <new>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

#include <coppice/scheduling/stack_pool.hpp>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define COPPICE_HAS_VALGRIND 1
#else
#define COPPICE_HAS_VALGRIND 0
#endif

namespace coppice::scheduling {

namespace {

// Younger than the C library's headers on many a system that has a kernel with it.
constexpr int madv_guard_install = 102;

constexpr std::size_t class_count = 13;
constexpr std::size_t stagger_step = 64;
constexpr std::size_t first_reservation = std::size_t{1} << 20;
constexpr std::size_t largest_reservation = std::size_t{4} << 30;
constexpr std::size_t reservation_limit = 1024;

static_assert(stack_pool::smallest << (class_count - 1) == stack_pool::largest);

std::size_t page_size() noexcept {
  static std::size_t const size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

constexpr std::size_t class_size(std::size_t index) noexcept {
  return stack_pool::smallest << index;
}

// A stack as it was handed out, smaller than its class by the stagger, is of the same class again.
std::size_t class_of(std::size_t size) noexcept {
  std::size_t const rounded = std::bit_ceil(std::max({size, stack_pool::smallest, page_size()}));
  return static_cast<std::size_t>(std::countr_zero(rounded) - std::countr_zero(stack_pool::smallest));
}

/// How many guards by `mprotect` this process has. All pools count together, as the kernel does.
constinit std::atomic<std::size_t> mprotect_guards{0};

// Each guard and each piece between two guards is a mapping. The program, its libraries and its heaps need some as
// well.
std::size_t default_mprotect_limit() noexcept {
  std::size_t maps = 65'530;
  if (std::FILE* const file = std::fopen("/proc/sys/vm/max_map_count", "re")) {
    if (std::fscanf(file, "%zu", &maps) != 1) maps = 65'530;
    std::fclose(file);
  }
  std::size_t const reserve = std::min<std::size_t>(maps / 2, 4'096);
  return (maps - reserve) / 2;
}

bool kernel_has_light_guards() noexcept {
  static bool const has = [] {
    void* const page = mmap(nullptr, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    bool const installed = madvise(page, page_size(), madv_guard_install) == 0;
    munmap(page, page_size());
    return installed;
  }();
  return has;
}

/// One mapping, cut into stacks of one class: a guard page, then the stack, and so on upwards.
///
/// The first group of fields is read by `owns` without a lock, maybe in a signal handler; `start` is set last and
/// cleared first. The others belong to the pool's lock.
struct reservation {
  std::atomic<std::uintptr_t> start{0};  // 0: none here
  std::atomic<std::size_t> length{0};
  std::atomic<std::size_t> class_index{0};
  std::atomic<std::uint32_t> carved{0};

  std::uint32_t capacity = 0;
  std::uint32_t guarded = 0;
  std::uint32_t at_rest = 0;
  // Those at rest that have lost their pages: a bit each. Of a million that were needed once and are not, hundreds of
  // thousands may stay here, beside a few that are in use.
  std::unique_ptr<std::uint64_t[]> cold;
  std::uint32_t cold_count = 0;
  std::uint32_t first_cold_word = 0;  // no bit is set before it
  std::unique_ptr<unsigned[]> valgrind_ids;

  void add_cold(std::uint32_t index) noexcept {
    cold[index / 64] |= std::uint64_t{1} << index % 64;
    first_cold_word = std::min(first_cold_word, index / 64);
    ++cold_count;
  }

  /// The lowest. There has to be one.
  std::uint32_t take_cold() noexcept {
    while (cold[first_cold_word] == 0) ++first_cold_word;
    std::uint64_t& word = cold[first_cold_word];
    const auto index = first_cold_word * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
    word &= word - 1;
    --cold_count;
    return index;
  }
};

/// The tops of stacks that have come back. Its memory is its own, so that what it took at most can be given back.
class top_list {
 public:
  top_list() noexcept = default;
  ~top_list() {
    if (places_ != nullptr) munmap(places_, bytes_);
  }
  top_list(top_list const&) = delete;
  top_list& operator=(top_list const&) = delete;

  /// From now on it has room for so many.
  void reserve(std::size_t count) {
    std::size_t const wanted = (count * sizeof(void*) + page_size() - 1) / page_size() * page_size();
    if (wanted <= bytes_) return;
    void* const made = places_ == nullptr ? mmap(nullptr, wanted, PROT_READ | PROT_WRITE,
                                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                                          : mremap(places_, bytes_, wanted, MREMAP_MAYMOVE);
    if (made == MAP_FAILED) throw std::bad_alloc();
    places_ = static_cast<void**>(made);
    bytes_ = wanted;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void** begin() noexcept { return places_; }
  void** end() noexcept { return places_ + size_; }

  void push(void* top) noexcept { places_[size_++] = top; }
  void* pop() noexcept { return places_[--size_]; }

  /// Is empty then, and has no page in memory; the room stays.
  void clear() noexcept {
    if (size_ != 0) madvise(places_, bytes_, MADV_DONTNEED);
    size_ = 0;
  }

 private:
  void** places_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t size_ = 0;
};

std::size_t stride_of(std::size_t class_index) noexcept {
  return class_size(class_index) + page_size();
}

// Neighbours differ, and so do stacks that lie a cache's size apart.
std::size_t stagger_of(std::size_t index) noexcept {
  return (index * 0x9E3779B97F4A7C15u >> 60) * stagger_step;
}

stack stack_at(std::uintptr_t start, std::size_t class_index, std::size_t index) noexcept {
  std::size_t const size = class_size(class_index) - stagger_of(index);
  std::uintptr_t const base = start + index * stride_of(class_index) + page_size();
  return {reinterpret_cast<void*>(base + size), size};
}

std::byte* base_of(stack const& whole) noexcept {
  return static_cast<std::byte*>(whole.top) - whole.size;
}

void forbid_access([[maybe_unused]] stack const& resting) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(base_of(resting), resting.size);
#endif
#if COPPICE_HAS_VALGRIND
  VALGRIND_MAKE_MEM_NOACCESS(base_of(resting), resting.size);
#endif
}

void permit_access([[maybe_unused]] stack const& taken) noexcept {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(base_of(taken), taken.size);
#endif
#if COPPICE_HAS_VALGRIND
  VALGRIND_MAKE_MEM_UNDEFINED(base_of(taken), taken.size);
#endif
}

}  // namespace

struct stack_pool::state {
  /// The stacks of one class. Those at rest that have their pages are in `tops`, the one that came back last at the
  /// end; the others in their reservations.
  struct size_class {
    top_list tops;
    std::size_t cold = 0;
    reservation* cold_from = nullptr;  // has had some; null: to be looked for
    std::size_t carved = 0;
    std::size_t room = 0;            // for how many its reservations have
    reservation* current = nullptr;  // carved from
    std::size_t next_reservation = first_reservation;
  };

  explicit state(options chosen) : notice(std::move(chosen.notice)), kind(chosen.guard) {
    if (kind == guard::automatic && !kernel_has_light_guards()) kind = guard::mprotect;
    slower_than_wanted = kind != chosen.guard;
    mprotect_limit = chosen.mprotect_limit != 0 ? chosen.mprotect_limit : default_mprotect_limit();
    reservations = std::make_unique<reservation[]>(reservation_limit);
  }

  std::function<void(std::string_view)> const notice;
  guard kind;
  bool slower_than_wanted;
  std::size_t mprotect_limit;

  mutable std::mutex mutex;
  std::array<size_class, class_count> classes;
  // In no order. `used` only grows; places of reservations that are gone are taken again.
  std::unique_ptr<reservation[]> reservations;
  std::atomic<std::size_t> used{0};
  std::size_t reserved_bytes = 0;
  bool said_slower = false;
  bool said_unguarded = false;

  reservation& find_place() {
    std::size_t const count = used.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) {
      if (reservations[i].start.load(std::memory_order_relaxed) == 0) return reservations[i];
    }
    if (count == reservation_limit) throw std::bad_alloc();
    used.store(count + 1, std::memory_order_release);
    return reservations[count];
  }

  reservation& reserve(size_class& for_class, std::size_t class_index) {
    std::size_t const stride = stride_of(class_index);
    std::size_t capacity = std::max<std::size_t>(1, for_class.next_reservation / stride);
    reservation& made = find_place();
    for_class.tops.reserve(for_class.room + capacity);  // so that taking a stack back never allocates
#if COPPICE_HAS_VALGRIND
    if (RUNNING_ON_VALGRIND != 0) made.valgrind_ids = std::make_unique<unsigned[]>(capacity);
#endif
    void* mapped;
    // Address space may be limited: less of it does as well.
    for (;; capacity /= 2) {
      if (capacity == 0) throw std::bad_alloc();
      mapped =
          mmap(nullptr, capacity * stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (mapped != MAP_FAILED) break;
    }
    std::size_t const length = capacity * stride;
    try {
      made.cold = std::make_unique<std::uint64_t[]>((capacity + 63) / 64);
    } catch (...) {
      munmap(mapped, length);
      throw;
    }
    // A huge page would be resident as a whole once a single stack in it is touched.
    madvise(mapped, length, MADV_NOHUGEPAGE);
    made.capacity = static_cast<std::uint32_t>(capacity);
    made.guarded = 0;
    made.at_rest = 0;
    made.cold_count = 0;
    made.first_cold_word = 0;
    made.carved.store(0, std::memory_order_relaxed);
    made.class_index.store(class_index, std::memory_order_relaxed);
    made.length.store(length, std::memory_order_relaxed);
    made.start.store(reinterpret_cast<std::uintptr_t>(mapped), std::memory_order_release);
    reserved_bytes += length;
    for_class.room += capacity;
    for_class.next_reservation = std::min(for_class.next_reservation * 2, largest_reservation);
    return made;
  }

  void unmap(reservation& gone) noexcept {
    std::uintptr_t const start = gone.start.exchange(0, std::memory_order_acq_rel);
    std::size_t const length = gone.length.load(std::memory_order_relaxed);
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(reinterpret_cast<void*>(start), length);
#endif
#if COPPICE_HAS_VALGRIND
    if (gone.valgrind_ids != nullptr) {
      for (std::uint32_t i = 0; i < gone.carved.load(std::memory_order_relaxed); ++i) {
        VALGRIND_STACK_DEREGISTER(gone.valgrind_ids[i]);
      }
    }
#endif
    munmap(reinterpret_cast<void*>(start), length);
    if (kind == guard::mprotect) mprotect_guards.fetch_sub(gone.guarded, std::memory_order_relaxed);
    gone.cold.reset();
    gone.cold_count = 0;
    gone.valgrind_ids.reset();
    reserved_bytes -= length;
  }

  bool install_guard(void* page) noexcept {
    switch (kind) {
      case guard::none: return false;
      case guard::automatic:
        // A signal makes it return early; the guard is then still to be made.
        for (int attempts = 0; attempts < 100; ++attempts) {
          if (madvise(page, page_size(), madv_guard_install) == 0) return true;
          if (errno != EINTR && errno != EAGAIN) return false;
        }
        return false;
      case guard::mprotect:
        if (mprotect_guards.fetch_add(1, std::memory_order_relaxed) < mprotect_limit &&
            ::mprotect(page, page_size(), PROT_NONE) == 0) {
          return true;
        }
        mprotect_guards.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    return false;
  }

  stack carve(size_class& from, std::size_t class_index, bool& guarded) {
    if (from.current == nullptr || from.current->carved.load(std::memory_order_relaxed) == from.current->capacity) {
      from.current = &reserve(from, class_index);
    }
    reservation& source = *from.current;
    std::uint32_t const index = source.carved.load(std::memory_order_relaxed);
    std::uintptr_t const start = source.start.load(std::memory_order_relaxed);
    stack const made = stack_at(start, class_index, index);
    guarded = install_guard(base_of(made) - page_size());
    if (guarded) ++source.guarded;
#if COPPICE_HAS_VALGRIND
    if (source.valgrind_ids != nullptr) source.valgrind_ids[index] = VALGRIND_STACK_REGISTER(base_of(made), made.top);
#endif
    source.carved.store(index + 1, std::memory_order_release);
    ++from.carved;
    return made;
  }

  // Gives the pages of the stacks that have come back since the last time to the system.
  void cool_down(size_class& cooled, std::size_t class_index) noexcept {
    std::sort(cooled.tops.begin(), cooled.tops.end());
    std::size_t const stride = stride_of(class_index);
    // Neighbours go in one call: guards, of either kind, survive it.
    std::byte* start = nullptr;
    std::byte* end = nullptr;
    reservation* home = nullptr;
    for (void* const top : cooled.tops) {
      std::byte* const stack_end = page_above(top);
      if (end == nullptr || stack_end - end != static_cast<std::ptrdiff_t>(stride)) {
        if (end != nullptr) madvise(start, static_cast<std::size_t>(end - start), MADV_DONTNEED);
        start = stack_end - class_size(class_index);
      }
      end = stack_end;
      if (home == nullptr || !lies_in(top, *home)) home = &home_of(top);
      home->add_cold(index_in(*home, top, class_index));
    }
    if (end != nullptr) madvise(start, static_cast<std::size_t>(end - start), MADV_DONTNEED);
    cooled.cold += cooled.tops.size();
    cooled.tops.clear();
    cooled.cold_from = nullptr;
  }

  // There has to be one.
  stack take_cold(size_class& from, std::size_t class_index) noexcept {
    if (from.cold_from == nullptr || from.cold_from->cold_count == 0) {
      from.cold_from = reservations.get();
      while (from.cold_from->start.load(std::memory_order_relaxed) == 0 || from.cold_from->cold_count == 0 ||
             from.cold_from->class_index.load(std::memory_order_relaxed) != class_index) {
        ++from.cold_from;
      }
    }
    --from.cold;
    --from.cold_from->at_rest;
    std::uintptr_t const start = from.cold_from->start.load(std::memory_order_relaxed);
    return stack_at(start, class_index, from.cold_from->take_cold());
  }

  /// The reservation that a stack was carved from. There are few: each is twice as large as the one before.
  reservation& home_of(void* top) noexcept {
    reservation* home = reservations.get();
    while (!lies_in(top, *home)) ++home;
    return *home;
  }

  // All stacks of the class that are at rest have to be cold.
  void unmap_unused(size_class& thinned, std::size_t class_index) noexcept {
    std::size_t const count = used.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) {
      reservation& tested = reservations[i];
      if (tested.start.load(std::memory_order_relaxed) == 0) continue;
      if (tested.class_index.load(std::memory_order_relaxed) != class_index) continue;
      std::uint32_t const carved = tested.carved.load(std::memory_order_relaxed);
      if (tested.at_rest != carved) continue;
      thinned.cold -= tested.cold_count;
      thinned.carved -= carved;
      thinned.room -= tested.capacity;
      if (thinned.current == &tested) thinned.current = nullptr;
      unmap(tested);
    }
    if (thinned.room == 0) thinned.next_reservation = first_reservation;
  }

  // Of the last stack in a reservation the top may be the end.
  static bool lies_in(void* top, reservation const& tested) noexcept {
    std::uintptr_t const start = tested.start.load(std::memory_order_relaxed);
    return start != 0 &&
           reinterpret_cast<std::uintptr_t>(top) - 1 - start < tested.length.load(std::memory_order_relaxed);
  }

  static std::uint32_t index_in(reservation const& home, void* top, std::size_t class_index) noexcept {
    std::uintptr_t const start = home.start.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>((reinterpret_cast<std::uintptr_t>(top) - 1 - start) / stride_of(class_index));
  }

  static std::byte* page_above(void* top) noexcept {
    return static_cast<std::byte*>(top) + (-reinterpret_cast<std::uintptr_t>(top) & (page_size() - 1));
  }

  // What there is to say of the guards, and has not been said.
  std::string_view news_of_guards(bool went_unguarded) noexcept {
    if (went_unguarded && !std::exchange(said_unguarded, true)) {
      return "Stacks from now on have no guard page: the process has as many mappings as the system allows "
             "(vm.max_map_count), or the system refuses them. An overrun of such a stack goes unnoticed. Raise "
             "vm.max_map_count, or use a kernel with light guards (Linux 6.13 or later).";
    }
    if (slower_than_wanted && !std::exchange(said_slower, true)) {
      return "The kernel has no light guard pages (they came with Linux 6.13): stacks are guarded by mprotect, which "
             "is "
             "slower and ends when the process has as many mappings as vm.max_map_count allows.";
    }
    return {};
  }
};

stack_pool::stack_pool() : stack_pool(options{}) {}
stack_pool::stack_pool(options chosen) : state_(std::make_unique<state>(std::move(chosen))) {}

stack_pool::~stack_pool() {
  std::size_t const count = state_->used.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    if (state_->reservations[i].start.load(std::memory_order_relaxed) != 0) state_->unmap(state_->reservations[i]);
  }
}

stack stack_pool::allocate(std::size_t size) {
  if (size > largest) throw std::bad_alloc();
  std::size_t const class_index = class_of(size);
  state& s = *state_;
  stack taken;
  std::string_view news;
  {
    std::lock_guard lock(s.mutex);
    state::size_class& from = s.classes[class_index];
    if (!from.tops.empty()) {
      void* const top = from.tops.pop();
      --s.home_of(top).at_rest;
      std::byte* const base = state::page_above(top) - class_size(class_index);
      taken = {top, static_cast<std::size_t>(static_cast<std::byte*>(top) - base)};
    } else if (from.cold != 0) {
      taken = s.take_cold(from, class_index);
    } else {
      bool guarded;
      taken = s.carve(from, class_index, guarded);
      news = s.news_of_guards(!guarded && s.kind != guard::none);
    }
  }
  permit_access(taken);
  if (!news.empty() && s.notice) s.notice(news);
  return taken;
}

void stack_pool::deallocate(stack returned) noexcept {
  forbid_access(returned);
  std::lock_guard lock(state_->mutex);
  state_->classes[class_of(returned.size)].tops.push(returned.top);  // room was reserved with its reservation
  ++state_->home_of(returned.top).at_rest;
}

void stack_pool::trim() noexcept {
  state& s = *state_;
  std::lock_guard lock(s.mutex);
  for (std::size_t i = 0; i < class_count; ++i) {
    if (s.classes[i].tops.empty() && s.classes[i].cold == 0) continue;
    s.cool_down(s.classes[i], i);
    s.unmap_unused(s.classes[i], i);
  }
}

std::size_t stack_pool::resident_bytes(stack measured) const noexcept {
  std::byte* const base = base_of(measured);
  std::size_t const pages = (measured.size + page_size() - 1) / page_size();
  std::array<unsigned char, 256> present;
  std::size_t resident = 0;
  for (std::size_t i = 0; i < pages; i += present.size()) {
    std::size_t const count = std::min(present.size(), pages - i);
    if (mincore(base + i * page_size(), count * page_size(), present.data()) != 0) return resident * page_size();
    for (std::size_t j = 0; j < count; ++j) resident += present[j] & 1;
  }
  return resident * page_size();
}

stack_pool::statistics stack_pool::stats() const {
  state const& s = *state_;
  std::lock_guard lock(s.mutex);
  statistics counted;
  std::size_t carved = 0;
  for (state::size_class const& each : s.classes) {
    carved += each.carved;
    counted.cached += each.tops.size() + each.cold;
    counted.warm += each.tops.size();
  }
  counted.in_use = carved - counted.cached;
  counted.reserved_bytes = s.reserved_bytes;
  std::size_t const count = s.used.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    if (s.reservations[i].start.load(std::memory_order_relaxed) != 0) counted.guarded += s.reservations[i].guarded;
  }
  counted.unguarded = carved - counted.guarded;
  return counted;
}

bool stack_pool::owns(void const* address, stack* which) const noexcept {
  auto const wanted = reinterpret_cast<std::uintptr_t>(address);
  std::size_t const count = state_->used.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < count; ++i) {
    reservation const& tested = state_->reservations[i];
    std::uintptr_t const start = tested.start.load(std::memory_order_acquire);
    std::size_t const length = tested.length.load(std::memory_order_acquire);
    std::size_t const class_index = tested.class_index.load(std::memory_order_acquire);
    std::size_t const carved = tested.carved.load(std::memory_order_acquire);
    // Unmapped, and maybe made anew, between the loads.
    if (start == 0 || tested.start.load(std::memory_order_relaxed) != start) continue;
    if (wanted - start >= length) continue;  // an address below wraps to a distance beyond every length
    std::size_t const index = (wanted - start) / stride_of(class_index);
    if (index >= carved || (wanted - start) % stride_of(class_index) >= page_size()) return false;
    if (which != nullptr) *which = stack_at(start, class_index, index);
    return true;
  }
  return false;
}

}  // namespace coppice::scheduling
