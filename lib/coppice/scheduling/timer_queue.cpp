#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include <sys/mman.h>

#include <coppice/scheduling/owner_mutex.hpp>
#include <coppice/scheduling/this_thread.hpp>
#include <coppice/scheduling/timer_queue.hpp>

namespace coppice::scheduling {

namespace {

// A timer lives in a slot; slots come in chunks. A timer's id is its slot and how often that was used before; its order
// is the queue's running number and, in the low bits, the slot again. So either leads to the slot in one step.
constexpr unsigned slot_bits = 32;
constexpr unsigned index_bits = 15;
constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t last_sequence = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t generation_end = std::uint32_t{1} << 31;
constexpr std::uint32_t chunk_limit = std::uint32_t{1} << 13;
constexpr std::size_t chunk_bytes = std::size_t{2} << 20;

constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

std::int64_t ns_of(time_point instant) noexcept {
  return instant.time_since_epoch().count();
}
time_point instant_of(std::int64_t ns) noexcept {
  return time_point(std::chrono::nanoseconds(ns));
}
std::uint32_t slot_of(std::uint64_t id_or_order) noexcept {
  return static_cast<std::uint32_t>(id_or_order);
}

/// All of a slot that cancelling looks at. It lies apart from the rest: timers are cancelled in any order, and of a
/// million of them a quarter of the memory stays in the caches more often than all of it.
struct slot_head {
  std::int64_t deadline_ns;  // of a free slot: which of its chunk is the next free one
  std::uint32_t sequence;    // 0: not pending
  std::uint32_t generation : 31;
  std::uint32_t must_be_destroyed : 1;  // the action
};
static_assert(sizeof(slot_head) == 16);

struct slot_body {
  timer_action action;
  // The list of this owner that it is in; also of a free slot, until that is used again. So cancelling needs no look
  // at its neighbours there.
  std::uint64_t owner;
  std::uint32_t next;
  std::uint32_t previous;
};
static_assert(sizeof(slot_body) == 48);

/// The unit in which memory for slots is taken and given back. Slots from `fresh` on have never been touched.
struct chunk {
  std::uint32_t number;
  std::uint32_t size;  // in slots
  std::uint32_t in_use;
  std::uint32_t fresh;
  std::uint32_t first_free;
  std::uint32_t first_generation;
  std::uint32_t last_generation;  // the greatest that one of its slots has come to

  inline slot_head& head(std::uint32_t index) noexcept;
  inline slot_body& body(std::uint32_t index) noexcept;
};
constexpr std::size_t chunk_header = 64;
static_assert(sizeof(chunk) <= chunk_header);
constexpr std::uint32_t slots_in_chunk = (chunk_bytes - chunk_header) / (sizeof(slot_head) + sizeof(slot_body));
static_assert(slots_in_chunk <= std::uint32_t{1} << index_bits);
// A queue with few timers uses few pages. One that has more than this will use whole huge pages, which cost a fifth.
constexpr std::uint32_t slots_in_first_chunk = std::uint32_t{1} << 13;

slot_head& chunk::head(std::uint32_t index) noexcept {
  return reinterpret_cast<slot_head*>(reinterpret_cast<std::byte*>(this) + chunk_header)[index];
}
slot_body& chunk::body(std::uint32_t index) noexcept {
  constexpr std::size_t start = chunk_header + slots_in_chunk * sizeof(slot_head);
  return reinterpret_cast<slot_body*>(reinterpret_cast<std::byte*>(this) + start)[index];
}

void* map(std::size_t bytes) {
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return mapped;
}

// Aligned to chunks, so that each can be a huge page.
void* map_chunks(std::size_t bytes) {
  std::byte* const mapped = static_cast<std::byte*>(map(bytes + chunk_bytes));
  std::size_t const before = -reinterpret_cast<std::uintptr_t>(mapped) & (chunk_bytes - 1);
  if (before != 0) munmap(mapped, before);
  munmap(mapped + before + bytes, chunk_bytes - before);
  return mapped + before;
}

/// The slots of a queue: found by number in one step, made when needed, given back by the chunk.
class slot_table {
 public:
  explicit slot_table(std::uint32_t first_generation)
      : first_generation_(first_generation),
        directory_(static_cast<directory_entry*>(map(chunk_limit * sizeof(directory_entry)))) {}

  ~slot_table() {
    for (std::uint32_t i = 0; i < chunk_count_; ++i) {
      chunk* const held = chunk_at(i);
      if (held == nullptr) continue;
      for (std::uint32_t j = 0; j < held->fresh; ++j) {
        if (held->head(j).sequence != 0) held->body(j).action.reset();
      }
      munmap(held, chunk_bytes);
    }
    munmap(directory_, chunk_limit * sizeof(directory_entry));
  }

  slot_table(slot_table const&) = delete;
  slot_table& operator=(slot_table const&) = delete;

  /// The slot of that number, null if it does not exist (any more).
  slot_head* find(std::uint32_t number) const noexcept {
    if (number >> index_bits >= chunk_limit) return nullptr;
    chunk* const home = chunk_at(number >> index_bits);
    return home != nullptr && index_of(number) < home->fresh ? &home->head(index_of(number)) : nullptr;
  }

  /// The slot of a number that is known to exist.
  slot_head& head(std::uint32_t number) const noexcept {
    return chunk_at(number >> index_bits)->head(index_of(number));
  }
  slot_body& body(std::uint32_t number) const noexcept {
    return chunk_at(number >> index_bits)->body(index_of(number));
  }

  /// Where a timer's fields are going to be read, long before they are. Any number; without the lock.
  void prefetch_head(std::uint32_t number) const noexcept {
    if (number >> index_bits >= chunk_limit) return;
    chunk* const home = chunk_at(number >> index_bits);
    if (home != nullptr) __builtin_prefetch(&home->head(index_of(number)));
  }
  void prefetch(std::uint32_t number) const noexcept {
    prefetch_head(number);
    chunk* const home = chunk_at(number >> index_bits);
    if (home != nullptr) __builtin_prefetch(&home->body(index_of(number)));
  }

  struct taken {
    std::uint32_t number;
    slot_head& head;
    slot_body& body;  // holds no action whose destruction is more than to forget it
  };

  taken take() {
    if (current_ == nullptr) current_ = find_chunk();
    chunk& from = *current_;
    if (from.in_use == 0 && spare_ == current_) spare_ = nullptr;
    std::uint32_t index = from.first_free;
    slot_head* head;
    slot_body* body;
    if (index != no_slot) {
      head = &from.head(index);
      body = &from.body(index);
      from.first_free = static_cast<std::uint32_t>(head->deadline_ns);
    } else {
      index = from.fresh++;
      ++touched_;
      head = ::new (static_cast<void*>(&from.head(index))) slot_head{};
      body = ::new (static_cast<void*>(&from.body(index))) slot_body{};
      head->generation = from.first_generation;
    }
    ++from.in_use;
    if (is_full(from)) {
      open_[from.number / 64] &= ~bit_of(from.number);
      current_ = nullptr;
    }
    return {from.number << index_bits | index, *head, *body};
  }

  /// Takes back a slot whose action is gone. Its next timer will have another id. Returns the chunk that is to be
  /// released thereby, or null.
  [[nodiscard]] chunk* give_back(std::uint32_t number) noexcept {
    chunk& home = *chunk_at(number >> index_bits);
    slot_head& returned = home.head(index_of(number));
    std::uint32_t const generation = returned.generation + 1;
    home.last_generation = std::max(home.last_generation, generation);
    --home.in_use;
    if (generation < generation_end) {
      if (is_full(home)) open_[home.number / 64] |= bit_of(home.number);
      returned.generation = generation;
      returned.deadline_ns = home.first_free;
      home.first_free = index_of(number);
      // Low chunks first, so that the others fall empty.
      if (current_ == nullptr || home.number < current_->number) current_ = &home;
    } else {
      returned.generation = 0;  // spent: no id names it again
    }
    if (home.in_use != 0) return nullptr;
    // One empty chunk is kept, so that a number of timers that goes up and down at its edge does not map and unmap.
    if (spare_ == nullptr || home.number < spare_->number) return std::exchange(spare_, &home);
    return &home;
  }

  /// How many slots have been used since their chunk was made.
  std::size_t touched() const noexcept { return touched_; }

  /// Writes an entry for each timer that is pending, and may write one more behind the last.
  template <typename Entry>
  Entry* list_pending(Entry* to) noexcept {
    for (std::uint32_t i = 0; i < chunk_count_; ++i) {
      chunk* const listed = chunk_at(i);
      if (listed == nullptr || listed->in_use == 0) continue;
      for (std::uint32_t j = 0; j < listed->fresh; ++j) {
        slot_head const& head = listed->head(j);
        *to = {head.deadline_ns, std::uint64_t{head.sequence} << slot_bits | i << index_bits | j};
        to += head.sequence != 0;  // no jump: which are pending, nobody can predict
      }
    }
    return to;
  }

  void release(chunk& empty) noexcept {
    std::uint32_t const number = empty.number;
    touched_ -= empty.fresh;
    if (current_ == &empty) current_ = nullptr;
    open_[number / 64] &= ~bit_of(number);
    directory_[number].memory.store(nullptr, std::memory_order_relaxed);
    directory_[number].first_generation = empty.last_generation;
    if (empty.last_generation < generation_end) released_.push_back(number);
    munmap(&empty, chunk_bytes);
  }

 private:
  struct directory_entry {
    std::atomic<chunk*> memory;      // changed under the lock, read also without it
    std::uint32_t first_generation;  // of a chunk that is made anew in this place; 0: the queue's
  };

  static std::uint64_t bit_of(std::uint32_t number) noexcept { return std::uint64_t{1} << (number % 64); }
  static std::uint32_t index_of(std::uint32_t number) noexcept { return number & ((1U << index_bits) - 1); }

  static bool is_full(chunk const& tested) noexcept {
    return tested.first_free == no_slot && tested.fresh == tested.size;
  }

  chunk* chunk_at(std::uint32_t place) const noexcept {
    return directory_[place].memory.load(std::memory_order_relaxed);
  }

  chunk* find_chunk() {
    for (std::uint32_t i = 0; i < open_.size(); ++i) {
      if (open_[i] != 0) return chunk_at(i * 64 + static_cast<unsigned>(std::countr_zero(open_[i])));
    }
    return make_chunk();
  }

  chunk* make_chunk() {
    std::uint32_t number;
    if (!released_.empty()) {
      number = released_.back();
    } else {
      if (chunk_count_ == chunk_limit) throw std::bad_alloc();
      number = chunk_count_;
      open_.resize(number / 64 + 1);
      released_.reserve(number + 1);  // so that releasing never allocates
    }
    void* const made = map_chunks(chunk_bytes);
    madvise(made, chunk_bytes, number == 0 ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
    if (number == chunk_count_) {
      ++chunk_count_;
    } else {
      released_.pop_back();
    }
    directory_entry& place = directory_[number];
    std::uint32_t const generation = place.first_generation == 0 ? first_generation_ : place.first_generation;
    place.memory.store(::new (made) chunk{number, number == 0 ? slots_in_first_chunk : slots_in_chunk, 0, 0, no_slot,
                                          generation, generation},
                       std::memory_order_relaxed);
    open_[number / 64] |= bit_of(number);
    return chunk_at(number);
  }

  std::uint32_t first_generation_;
  directory_entry* directory_;
  std::uint32_t chunk_count_ = 0;
  std::size_t touched_ = 0;
  chunk* current_ = nullptr;         // has room; null: to be looked for
  chunk* spare_ = nullptr;           // is empty
  std::vector<std::uint64_t> open_;  // a bit for each chunk that has room
  std::vector<std::uint32_t> released_;
};

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

/// What the heap holds of a timer: enough to put it in its place without a look at its slot.
struct entry {
  std::int64_t deadline_ns;
  std::uint64_t order;

  // One comparison without a jump: which of two timers is earlier, nobody can predict.
  friend bool operator<(entry const& a, entry const& b) noexcept { return a.key() < b.key(); }
  wide key() const noexcept {
    return static_cast<wide>(unsigned_wide{static_cast<std::uint64_t>(deadline_ns)} << 64 | order);
  }
};

/// A heap of four children a node; the four lie in one cache line.
class entry_heap {
 public:
  entry_heap() : places_(static_cast<entry*>(map(smallest_capacity * sizeof(entry)))) {}
  ~entry_heap() { munmap(places_, capacity_ * sizeof(entry)); }
  entry_heap(entry_heap const&) = delete;
  entry_heap& operator=(entry_heap const&) = delete;

  std::size_t size() const noexcept { return end_ - root; }
  bool empty() const noexcept { return end_ == root; }
  entry const& top() const noexcept { return places_[root]; }
  entry const& back() const noexcept { return places_[end_ - 1]; }

  void reserve_one() {
    if (end_ != capacity_) [[likely]] {
      return;
    }
    resize(capacity_ < largest_small ? capacity_ * 2 : std::max(capacity_ * 2, smallest_large));
  }

  void push(entry added) noexcept { sift_up(end_++, added); }

  void pop() noexcept {
    entry const last = places_[--end_];
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

  /// Keeps the entries for which `keep(entry)` holds. `ahead(entry)` is told some entries earlier.
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
  entry* begin() noexcept { return places_ + root; }
  entry* end() noexcept { return places_ + end_; }

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
  static constexpr std::size_t smallest_capacity = 4096 / sizeof(entry);
  // From some size on it takes whole huge pages, which cost a fifth of what as many small ones do.
  static constexpr std::size_t largest_small = std::size_t{1} << 15;
  static constexpr std::size_t smallest_large = chunk_bytes / sizeof(entry);

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

  void sift_up(std::size_t place, entry moved) noexcept {
    while (place != root && moved < places_[parent(place)]) {
      places_[place] = places_[parent(place)];
      place = parent(place);
    }
    places_[place] = moved;
  }

  void sift_down(std::size_t place, entry moved) noexcept {
    for (std::size_t child; (child = first_child(place)) < end_; place = child) {
      child = least_child(child);
      if (!(places_[child] < moved)) break;
      places_[place] = places_[child];
    }
    places_[place] = moved;
  }

  static bool is_large(std::size_t capacity) noexcept { return capacity >= smallest_large; }

  void resize(std::size_t wanted) {
    std::size_t const bytes = wanted * sizeof(entry);
    std::size_t const old_bytes = capacity_ * sizeof(entry);
    void* moved;
    if (is_large(wanted) != is_large(capacity_)) {
      moved = is_large(wanted) ? map_chunks(bytes) : map(bytes);
      if (is_large(wanted)) madvise(moved, bytes, MADV_HUGEPAGE);
      std::memcpy(moved, places_, end_ * sizeof(entry));
      munmap(places_, old_bytes);
    } else if (is_large(wanted) && wanted > capacity_) {
      // To a place where huge pages can stay whole.
      void* const place = map_chunks(bytes);
      moved = mremap(places_, old_bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place);
      if (moved == MAP_FAILED) munmap(place, bytes);
    } else {
      moved = mremap(places_, old_bytes, bytes, MREMAP_MAYMOVE);
    }
    if (moved == MAP_FAILED) throw std::bad_alloc();
    places_ = static_cast<entry*>(moved);
    capacity_ = wanted;
  }

  entry* places_;
  std::size_t capacity_ = smallest_capacity;
  std::size_t end_ = root;
};

/// Finds the timers of an owner. Those of one owner form a list through their slots; a table knows the first of each.
/// Slots that have become free stay in it until they are used for another owner.
///
/// The table holds a part of the owner's hash beside the slot, so that looking for an owner, growing and closing gaps
/// seldom touch a slot but the one in question: with many timers each would be a cache miss.
class owner_index {
 public:
  explicit owner_index(slot_table& slots) : slots_(slots) {}

  /// Makes room for one more owner, so that `add` cannot fail.
  void reserve_one() {
    if (owners_ >= places_.size() / 8 * 7) resize(std::max<std::size_t>(16, places_.size() * 2));
  }

  void add(std::uint32_t number, slot_body& added) noexcept {
    if (added.owner == last_owner_) [[likely]] {
      add_behind(last_first_, *last_first_body_, number, added);
      return;
    }
    place& found = places_[find(added.owner)];
    if (found.first != no_slot) {
      last_owner_ = added.owner;
      last_first_ = found.first;
      last_first_body_ = &slots_.body(found.first);
      add_behind(last_first_, *last_first_body_, number, added);
      return;
    }
    added.previous = no_slot;
    added.next = no_slot;
    found = {number, hash_of(added.owner)};
    ++owners_;
  }

  void remove(std::uint32_t number) noexcept {
    last_owner_ = 0;
    slot_body& removed = slots_.body(number);
    std::uint32_t const next = removed.next;
    if (next != no_slot) slots_.body(next).previous = removed.previous;
    if (removed.previous != no_slot) {
      slots_.body(removed.previous).next = next;
      return;
    }
    std::size_t at = home_of(hash_of(removed.owner));
    while (places_[at].first != number) at = after(at);
    if (next != no_slot) {
      places_[at].first = next;
    } else {
      erase(at);
    }
  }

  /// Takes an owner out and returns the first of its timers, which remain linked by `next`; `no_slot` if it has none.
  std::uint32_t extract(std::uint64_t owner) noexcept {
    if (places_.empty()) return no_slot;
    last_owner_ = 0;
    std::size_t const at = find(owner);
    std::uint32_t const first = places_[at].first;
    if (first != no_slot) erase(at);
    return first;
  }

 private:
  struct place {
    std::uint32_t first = no_slot;  // `no_slot`: free
    std::uint32_t hash = 0;
  };

  static std::uint32_t hash_of(std::uint64_t owner) noexcept {
    return static_cast<std::uint32_t>(owner * 0x9E3779B97F4A7C15u >> 32);
  }
  std::size_t home_of(std::uint32_t hash) const noexcept { return hash >> shift_; }
  std::size_t after(std::size_t at) const noexcept { return (at + 1) & (places_.size() - 1); }

  // Where the owner is, or the free place where it belongs.
  std::size_t find(std::uint64_t owner) const noexcept {
    std::uint32_t const hash = hash_of(owner);
    std::size_t at = home_of(hash);
    while (places_[at].first != no_slot) {
      if (places_[at].hash == hash && slots_.body(places_[at].first).owner == owner) break;
      at = after(at);
    }
    return at;
  }

  // Closes the gap, so that whoever had to step aside is found without a mark of what was here.
  void erase(std::size_t gap) noexcept {
    std::size_t const mask = places_.size() - 1;
    for (std::size_t at = after(gap); places_[at].first != no_slot; at = after(at)) {
      std::size_t const from_home = (at - home_of(places_[at].hash)) & mask;
      if (from_home < ((at - gap) & mask)) continue;
      places_[gap] = places_[at];
      gap = at;
    }
    places_[gap] = {};
    --owners_;
    if (owners_ == 0 && places_.size() > 4096) {
      std::vector<place>{}.swap(places_);  // an assignment would keep the room
    } else if (places_.size() > 4096 && owners_ < places_.size() / 16) {
      try {
        resize(places_.size() / 4);
      } catch (std::bad_alloc const&) {
        // It stays larger than it need be.
      }
    }
  }

  void resize(std::size_t count) {
    std::vector<place> old(count);
    old.swap(places_);
    shift_ = 32 - static_cast<unsigned>(std::countr_zero(count));
    for (place const& moved : old) {
      if (moved.first == no_slot) continue;
      std::size_t at = home_of(moved.hash);
      while (places_[at].first != no_slot) at = after(at);
      places_[at] = moved;
    }
  }

  void add_behind(std::uint32_t first, slot_body& first_body, std::uint32_t number, slot_body& added) noexcept {
    std::uint32_t const next = first_body.next;
    added.previous = first;
    added.next = next;
    if (next != no_slot) slots_.body(next).previous = number;
    first_body.next = number;
  }

  slot_table& slots_;
  // Who starts a timer often starts another one: whose list was looked for last. Until anything is taken out.
  std::uint64_t last_owner_ = 0;
  std::uint32_t last_first_ = no_slot;
  slot_body* last_first_body_ = nullptr;
  std::vector<place> places_;
  unsigned shift_ = 0;
  std::size_t owners_ = 0;
};

}  // namespace

/// A cancelled timer leaves its slot at once, but its entry in the heap only when that comes to the top, or to the end,
/// or when two thirds of all entries are like it. An entry is alive while its slot holds its running number.
struct timer_queue::state {
  explicit state(origin first) : sequence(first.sequence), slots(first.generation), owners(slots) {}

  owner_mutex mutex;
  scheduler const* user = nullptr;  // whose thread owns the mutex
  std::uint32_t sequence;
  std::size_t pending = 0;
  slot_table slots;
  entry_heap heap;
  owner_index owners;

  bool is_used_here() const noexcept { return user != nullptr && this_thread().here == user; }

  slot_head* find_pending(timer_id id) const noexcept {
    slot_head* const found = slots.find(slot_of(id.value));
    bool const alive = found != nullptr && found->sequence != 0 && found->generation == id.value >> slot_bits;
    return alive ? found : nullptr;
  }

  bool is_alive(entry const& tested) const noexcept {
    slot_head const* const held = slots.find(slot_of(tested.order));
    return held != nullptr && held->sequence == tested.order >> slot_bits;
  }

  // The heap's top is alive afterwards, if there is any.
  void settle_top() noexcept {
    if (pending == 0) {
      forget_all_entries();
      return;
    }
    // Many dead ones in front are cheaper to throw out all at once.
    std::size_t patience = heap.size() / 16 + 16;
    while (!is_alive(heap.top())) {
      if (patience-- == 0) {
        sweep();
      } else {
        heap.pop();
      }
    }
  }

  void sweep_if_mostly_dead() noexcept {
    if (pending == 0) {
      forget_all_entries();
    } else if (heap.size() > 3 * pending + 256) {
      sweep();
    }
  }

  void sweep() noexcept {
    // To go through all slots, one after the other, is quicker than to look at theirs for entries in any order.
    if (heap.size() > slots.touched() / 2) {
      heap.replace([this](entry* to) { return slots.list_pending(to); });
      heap.shrink();
      return;
    }
    heap.keep_if([this](entry const& ahead) { slots.prefetch_head(slot_of(ahead.order)); },
                 [this](entry const& tested) { return is_alive(tested); });
    heap.shrink();
  }

  void forget_all_entries() noexcept {
    heap.clear();
    heap.shrink();
  }

  // The running number is spent after 2^32 timers: those that are pending are numbered anew in the order they have.
  void renumber() noexcept {
    sweep();
    heap.sort();
    sequence = 0;
    for (entry& numbered : heap) {
      std::uint32_t const number = slot_of(numbered.order);
      slots.head(number).sequence = ++sequence;
      numbered.order = std::uint64_t{sequence} << slot_bits | number;
    }
  }

  // Takes a pending timer, whose action is gone, out of everything but the heap and the list of its owner.
  void retire(std::uint32_t number) noexcept {
    slots.head(number).sequence = 0;
    --pending;
    free_slot(number);
  }

  void free_slot(std::uint32_t number) noexcept {
    chunk* const leaving = slots.give_back(number);
    if (leaving == nullptr) return;
    for (std::uint32_t i = 0; i < leaving->fresh; ++i) {
      if (leaving->body(i).owner != 0) owners.remove(leaving->number << index_bits | i);
    }
    slots.release(*leaving);
  }

  void set_owner(std::uint32_t number, slot_body& owned, std::uint64_t owner) noexcept {
    if (owned.owner != 0) owners.remove(number);
    owned.owner = owner;
    if (owner != 0) owners.add(number, owned);
  }
};

timer_queue::timer_queue() : timer_queue(origin{}) {}
timer_queue::timer_queue(origin first) : state_(std::make_unique<state>(first)) {}
timer_queue::timer_queue(scheduler const& user) : timer_queue() {
  state_->user = &user;
  state_->mutex.give_owner();
}
timer_queue::~timer_queue() = default;

timer_id timer_queue::start(time_point deadline, timer_action&& action, std::uint64_t owner) {
  state& s = *state_;
  owner_mutex::hold const lock(s.mutex, s.is_used_here());
  s.heap.reserve_one();
  if (owner != 0) s.owners.reserve_one();
  if (s.sequence == last_sequence) s.renumber();
  slot_table::taken const into = s.slots.take();
  std::int64_t const deadline_ns = ns_of(deadline);
  std::uint32_t const sequence = ++s.sequence;
  into.head.deadline_ns = deadline_ns;
  into.head.sequence = sequence;
  into.head.must_be_destroyed = !action.is_trivial();
  ::new (static_cast<void*>(&into.body.action)) timer_action(std::move(action));
  if (into.body.owner != owner) s.set_owner(into.number, into.body, owner);
  s.heap.push({deadline_ns, std::uint64_t{sequence} << slot_bits | into.number});
  ++s.pending;
  if (deadline_ns < bound_ns_.load(std::memory_order_relaxed)) bound_ns_.store(deadline_ns);
  return {std::uint64_t{into.head.generation} << slot_bits | into.number};
}

void timer_queue::prefetch(timer_id id) const noexcept {
  state_->slots.prefetch_head(slot_of(id.value));
}

std::optional<time_point> timer_queue::cancel(timer_id id) {
  timer_action cancelled;  // destroyed after the lock is gone: that may run anything
  state& s = *state_;
  owner_mutex::hold const lock(s.mutex, s.is_used_here());
  slot_head* const found = s.find_pending(id);
  if (found == nullptr) return std::nullopt;
  std::uint32_t const number = slot_of(id.value);
  std::int64_t const deadline_ns = found->deadline_ns;
  if (found->must_be_destroyed) cancelled = std::move(s.slots.body(number).action);
  if (s.heap.back().order == (std::uint64_t{found->sequence} << slot_bits | number)) s.heap.pop_back();
  s.retire(number);
  s.sweep_if_mostly_dead();
  if (s.pending == 0) bound_ns_.store(never_ns);
  return instant_of(deadline_ns);
}

std::size_t timer_queue::cancel_all_of(std::uint64_t owner) {
  if (owner == 0) return 0;
  state& s = *state_;
  std::size_t count = 0;
  std::uint32_t cancelled = no_slot;  // the first of a list of them
  bool all_trivial = true;
  {
    owner_mutex::hold const lock(s.mutex, s.is_used_here());
    for (std::uint32_t number = s.owners.extract(owner); number != no_slot;) {
      slot_head& head = s.slots.head(number);
      slot_body& body = s.slots.body(number);
      std::uint32_t const next = body.next;
      body.owner = 0;
      if (head.sequence != 0) {
        head.sequence = 0;
        all_trivial = all_trivial && !head.must_be_destroyed;
        body.next = std::exchange(cancelled, number);
        ++count;
      }
      number = next;
    }
    s.pending -= count;
  }
  if (count == 0) return 0;
  // The slots are neither pending nor free now: nobody else touches them, and their chunks stay. So actions whose
  // destruction may run anything can be destroyed without the lock.
  if (!all_trivial) {
    for (std::uint32_t number = cancelled; number != no_slot; number = s.slots.body(number).next) {
      s.slots.body(number).action.reset();
    }
  }
  owner_mutex::hold const lock(s.mutex, s.is_used_here());
  while (cancelled != no_slot) {
    std::uint32_t const next = s.slots.body(cancelled).next;
    s.free_slot(cancelled);
    cancelled = next;
  }
  s.sweep_if_mostly_dead();
  if (s.pending == 0) bound_ns_.store(never_ns);
  return count;
}

std::size_t timer_queue::fire_due(time_point now, std::size_t max) {
  std::int64_t const now_ns = ns_of(now);
  state& s = *state_;
  std::size_t count = 0;
  while (count < max && bound_ns_.load() <= now_ns) {
    timer_action due;
    std::uint64_t owner;
    {
      owner_mutex::hold const lock(s.mutex, s.is_used_here());
      s.settle_top();
      if (s.heap.empty() || s.heap.top().deadline_ns > now_ns) {
        bound_ns_.store(s.heap.empty() ? never_ns : s.heap.top().deadline_ns);
        break;
      }
      std::uint32_t const number = slot_of(s.heap.top().order);
      s.heap.pop();
      // The next one's slot comes from memory while this one's action runs.
      if (!s.heap.empty()) s.slots.prefetch(slot_of(s.heap.top().order));
      slot_body& body = s.slots.body(number);
      due = std::move(body.action);
      owner = body.owner;
      s.retire(number);
      // Where many have fired, the room they took in the heap is given back.
      s.heap.shrink();
      if (s.pending == 0) bound_ns_.store(never_ns);
    }
    ++count;
    if (due) due(owner);
  }
  return count;
}

std::optional<time_point> timer_queue::deadline_of(timer_id id) const {
  owner_mutex::hold const lock(state_->mutex, state_->is_used_here());
  slot_head const* const found = state_->find_pending(id);
  if (found == nullptr) return std::nullopt;
  return instant_of(found->deadline_ns);
}

std::optional<time_point> timer_queue::next_deadline() const {
  owner_mutex::hold const lock(state_->mutex, state_->is_used_here());
  state_->settle_top();
  if (state_->heap.empty()) {
    bound_ns_.store(never_ns);
    return std::nullopt;
  }
  bound_ns_.store(state_->heap.top().deadline_ns);
  return instant_of(state_->heap.top().deadline_ns);
}

std::size_t timer_queue::size() const {
  owner_mutex::hold const lock(state_->mutex, state_->is_used_here());
  return state_->pending;
}

}  // namespace coppice::scheduling
