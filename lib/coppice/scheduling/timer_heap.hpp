#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include <sys/mman.h>

namespace coppice::scheduling {

/// What the heap holds of a timer: enough to put it in its place without a look at its slot.
struct timer_entry {
  std::int64_t deadline_ns;
  std::uint64_t order;  // the running number, and in the lower half the slot

  // One comparison without a jump: which of two timers is earlier, nobody can predict.
  friend bool operator<(timer_entry const& a, timer_entry const& b) noexcept { return a.key() < b.key(); }
  __extension__ __int128 key() const noexcept {
    __extension__ using unsigned_wide = unsigned __int128;
    __extension__ using wide = __int128;
    return static_cast<wide>(unsigned_wide{static_cast<std::uint64_t>(deadline_ns)} << 64 | order);
  }

  std::uint32_t slot() const noexcept { return static_cast<std::uint32_t>(order); }
  std::uint32_t sequence() const noexcept { return static_cast<std::uint32_t>(order >> 32); }
};

/// A heap of four children a node; the four lie in one cache line.
class timer_heap {
 public:
  timer_heap() : places_(static_cast<timer_entry*>(map(smallest_capacity * sizeof(timer_entry)))) {}
  ~timer_heap() { munmap(places_, capacity_ * sizeof(timer_entry)); }
  timer_heap(timer_heap const&) = delete;
  timer_heap& operator=(timer_heap const&) = delete;

  std::size_t size() const noexcept { return end_ - root; }
  bool empty() const noexcept { return end_ == root; }
  timer_entry const& top() const noexcept { return places_[root]; }
  timer_entry const& back() const noexcept { return places_[end_ - 1]; }

  void reserve_one() {
    if (end_ == capacity_) [[unlikely]] {
      resize(capacity_ * 2);
    }
  }

  void push(timer_entry added) noexcept { sift_up(end_++, added); }

  void pop() noexcept {
    timer_entry const last = places_[--end_];
    if (end_ == root) return;
    // The last one belongs near the bottom: let the hole sink all the way and rise from there.
    std::size_t hole = root;
    for (std::size_t child; (child = first_child(hole)) < end_; hole = child) {
      __builtin_prefetch(&places_[first_child(child)]);
      __builtin_prefetch(&places_[first_child(child + 1)]);
      __builtin_prefetch(&places_[first_child(child + 2)]);
      __builtin_prefetch(&places_[first_child(child + 3)]);
      child = least_child(child);
      places_[hole] = places_[child];
    }
    sift_up(hole, last);
  }

  void pop_back() noexcept { --end_; }
  void clear() noexcept { end_ = root; }

  /// Keeps the entries for which `keep(timer_entry)` holds. `ahead(timer_entry)` is told some entries earlier.
  template <typename Ahead, typename Keep>
  void keep_if(Ahead ahead, Keep keep) noexcept {
    constexpr std::size_t distance = 16;
    std::size_t kept = root;
    for (std::size_t i = root; i < end_; ++i) {
      if (i + distance < end_) ahead(places_[i + distance]);
      if (keep(places_[i])) places_[kept++] = places_[i];
    }
    end_ = kept;
    make_heap();
  }

  /// Takes in what `list(places)` writes there, in any order, in place of all that is here; it returns its end. There
  /// has to be room.
  template <typename List>
  void replace(List list) noexcept {
    end_ = static_cast<std::size_t>(list(places_ + root) - places_);
    make_heap();
  }

  /// Puts the entries in order; what is in order is a heap.
  void sort() noexcept { std::sort(places_ + root, places_ + end_); }
  timer_entry* begin() noexcept { return places_ + root; }
  timer_entry* end() noexcept { return places_ + end_; }

  /// Gives memory back that is not used, keeping some in hand. Failing to do so is no harm.
  void shrink() noexcept {
    std::size_t wanted = capacity_;
    while (wanted > smallest_capacity && end_ < wanted / 4) wanted /= 2;
    if (wanted == capacity_) return;
    try {
      resize(wanted);
    } catch (std::bad_alloc const&) {
      // It stays larger than it need be.
    }
  }

 private:
  static constexpr std::size_t root = 3;
  static constexpr std::size_t smallest_capacity = 4096 / sizeof(timer_entry);

  static std::size_t first_child(std::size_t place) noexcept { return 4 * (place - 2); }
  static std::size_t parent(std::size_t place) noexcept { return place / 4 + 2; }

  void make_heap() noexcept {
    for (std::size_t i = size() < 2 ? 0 : parent(end_ - 1); i >= root; --i) sift_down(i, places_[i]);
  }

  std::size_t least_child(std::size_t first) const noexcept {
    if (first + 4 <= end_) {
      std::size_t const a = first + (places_[first + 1] < places_[first]);
      std::size_t const b = first + 2 + (places_[first + 3] < places_[first + 2]);
      return places_[b] < places_[a] ? b : a;
    }
    std::size_t least = first;
    for (std::size_t i = first + 1; i < end_; ++i) {
      if (places_[i] < places_[least]) least = i;
    }
    return least;
  }

  void sift_up(std::size_t place, timer_entry moved) noexcept {
    while (place != root && moved < places_[parent(place)]) {
      places_[place] = places_[parent(place)];
      place = parent(place);
    }
    places_[place] = moved;
  }

  void sift_down(std::size_t place, timer_entry moved) noexcept {
    for (std::size_t child; (child = first_child(place)) < end_; place = child) {
      child = least_child(child);
      if (!(places_[child] < moved)) break;
      places_[place] = places_[child];
    }
    places_[place] = moved;
  }

  static void* map(std::size_t bytes) {
    void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    return mapped;
  }

  void resize(std::size_t wanted) {
    void* const moved = mremap(places_, capacity_ * sizeof(timer_entry), wanted * sizeof(timer_entry), MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) throw std::bad_alloc();
    places_ = static_cast<timer_entry*>(moved);
    capacity_ = wanted;
  }

  timer_entry* places_;
  std::size_t capacity_ = smallest_capacity;
  std::size_t end_ = root;
};

}  // namespace coppice::scheduling
