#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <coppice/scheduling/huge_pages.hpp>
#include <coppice/scheduling/timer_action.hpp>

namespace coppice::scheduling {

/// Where the timers of a queue lie: each in a slot, which has a number. Slots come in chunks; the number says which
/// chunk, and which of its slots.
///
/// What is said of one timer lies in several arrays, each with its part of all slots of a chunk. Timers are cancelled
/// in any order, and all that cancelling looks at are four bits of each, where its slot was not used before: of a
/// million of them half a megabyte, which stays in the caches, and all 64 would not. Where the slot was used before it
/// looks at its generation too.
///
/// Threads: the queue's lock is held, but for `prefetch`.
class timer_slots {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// How often a slot was used before, and some more: what tells the timers of one slot apart. With the number it is
  /// the id of a timer.
  static constexpr std::uint32_t generation_end = std::numeric_limits<std::uint32_t>::max();

  static constexpr std::uint32_t generation_of_id(std::uint64_t id) noexcept {
    return static_cast<std::uint32_t>(id >> 32);
  }
  static constexpr std::uint32_t slot_of_id(std::uint64_t id) noexcept { return static_cast<std::uint32_t>(id); }
  static constexpr std::uint64_t id_of(std::uint32_t number, std::uint32_t generation) noexcept {
    return std::uint64_t{generation} << 32 | number;
  }

  struct body {
    timer_action action;
    // The list of this owner that it is in; also of a free slot, until that is used again. So cancelling needs no look
    // at its neighbours there.
    std::uint64_t owner;
    std::uint32_t next;
    std::uint32_t previous;
  };
  static_assert(sizeof(body) == 48);

  class chunk;

  explicit timer_slots(std::uint32_t first_generation);
  /// Destroys the actions of those that are pending.
  ~timer_slots();
  timer_slots(const timer_slots&) = delete;
  timer_slots& operator=(const timer_slots&) = delete;

  /// Whether that slot, of any number, has a timer of that generation that is pending.
  inline bool has_pending(std::uint32_t number, std::uint32_t generation) const noexcept;

  /// Of the slot of a number that is known to exist. Whether its action must be destroyed is said of those that are
  /// pending.
  inline bool is_pending(std::uint32_t number) const noexcept;
  inline bool must_be_destroyed(std::uint32_t number) const noexcept;
  inline void set_pending(std::uint32_t number, bool must_be_destroyed) noexcept;
  inline void clear_pending(std::uint32_t number) noexcept;
  inline body& body_at(std::uint32_t number) const noexcept;
  inline std::uint32_t& sequence_at(std::uint32_t number) const noexcept;

  inline std::uint32_t number_of(const chunk& of, std::uint32_t index) const noexcept;

  /// Whether that slot's timer is pending and has that running number; the slot exists, or did.
  inline bool has_pending_of(std::uint32_t number, std::uint32_t sequence) const noexcept;

  /// Where a timer's parts are going to be read, long before they are. Any number; without the lock.
  inline void prefetch(std::uint32_t number) const noexcept;
  inline void prefetch_marks(std::uint32_t number) const noexcept;

  struct taken {
    std::uint32_t number;
    std::uint32_t generation;
    std::uint32_t& sequence;
    std::int64_t& deadline_ns;
    body& with;  // holds no action whose destruction is more than to forget it
  };

  /// A free one, the lowest of a chunk, not pending yet. Throws `std::bad_alloc`.
  inline taken take();

  /// Takes back a slot whose action is gone; it is pending no more. Its next timer will have another id. Returns the
  /// chunk that is to be released thereby, or null.
  [[nodiscard]] inline chunk* give_back(std::uint32_t number) noexcept;
  void release(chunk& empty) noexcept;

  /// How many slots have been used since their chunk was made.
  std::size_t touched() const noexcept { return touched_; }

  /// Writes `Entry{deadline_ns, sequence << 32 | number}` for each timer that is pending.
  template <class Entry>
  Entry* list_pending(Entry* to) noexcept;

 private:
  static constexpr unsigned index_bits = 15;
  static constexpr std::uint32_t chunk_limit = std::uint32_t{1} << 13;

  struct directory_entry {
    std::atomic<chunk*> memory;      // changed under the lock, read also without it
    std::uint32_t first_generation;  // of a chunk that is made anew in this place; 0: the queue's
  };

  static std::uint64_t bit_of(std::uint32_t number) noexcept { return std::uint64_t{1} << (number % 64); }
  static std::uint32_t index_of(std::uint32_t number) noexcept { return number & ((1U << index_bits) - 1); }
  static std::uint32_t place_of(std::uint32_t number) noexcept { return number >> index_bits; }

  chunk* chunk_at(std::uint32_t place) const noexcept {
    return directory_[place].memory.load(std::memory_order_relaxed);
  }
  chunk* chunk_or_null(std::uint32_t number) const noexcept {
    return place_of(number) < chunk_limit ? chunk_at(place_of(number)) : nullptr;
  }
  chunk* find_chunk();
  chunk* make_chunk();
  chunk* is_empty(chunk&) noexcept;

  std::uint32_t first_generation_;
  directory_entry* directory_;
  std::uint32_t chunk_count_ = 0;
  std::size_t touched_ = 0;
  chunk* current_ = nullptr;         // has room; null: to be looked for
  chunk* spare_ = nullptr;           // is empty
  std::vector<std::uint64_t> open_;  // a bit for each chunk that has room
  std::vector<std::uint32_t> released_;
};

/// The unit in which memory for slots is taken and given back: one huge page. Slots from `fresh` on have never been
/// touched.
class timer_slots::chunk {
 public:
  chunk(std::uint32_t place, std::uint32_t room, std::uint32_t generation) noexcept
      : number{place}, size{room}, first_generation{generation}, last_generation{generation} {}

  const std::uint32_t number;
  const std::uint32_t size;  // in slots
  std::uint32_t in_use = 0;
  std::uint32_t free = 0;  // of those that have been touched
  std::uint32_t fresh = 0;
  const std::uint32_t first_generation;
  std::uint32_t last_generation;  // the greatest that one of its slots has come to

  bool is_full() const noexcept { return free == 0 && fresh == size; }

  /// What is said of 64 slots, each with a bit in each: two of these make a cache line.
  struct marks {
    std::uint64_t free;
    std::uint64_t pending;
    std::uint64_t must_be_destroyed;
    std::uint64_t reused;  // its generation is no longer the chunk's first: see `generation_at`
  };
  marks& marks_of(std::uint32_t index) noexcept { return marks_[index / 64]; }

  void add_free(std::uint32_t index) noexcept {
    ++free;
    marks_of(index).free |= bit_of(index);
    words_with_free_[index / 4096] |= bit_of(index / 64);
  }

  /// The lowest. There has to be one.
  std::uint32_t take_free() noexcept {
    --free;
    std::uint32_t part = 0;
    while (words_with_free_[part] == 0) ++part;
    const std::uint32_t word = part * 64 + static_cast<std::uint32_t>(std::countr_zero(words_with_free_[part]));
    std::uint64_t& left = marks_[word].free;
    const std::uint32_t index = word * 64 + static_cast<std::uint32_t>(std::countr_zero(left));
    left &= left - 1;
    if (left == 0) words_with_free_[part] &= words_with_free_[part] - 1;
    return index;
  }

  /// Of the timer that a slot has, or had last.
  std::uint32_t generation_of(std::uint32_t index) noexcept {
    return (marks_of(index).reused & bit_of(index)) == 0 ? first_generation
                                                         : part<std::uint32_t>(generations_at)[index];
  }
  void set_generation(std::uint32_t index, std::uint32_t generation) noexcept {
    marks_of(index).reused |= bit_of(index);
    part<std::uint32_t>(generations_at)[index] = generation;
  }

  std::uint32_t& sequence_at(std::uint32_t index) noexcept { return part<std::uint32_t>(sequences_at)[index]; }
  std::int64_t& deadline_at(std::uint32_t index) noexcept { return part<std::int64_t>(deadlines_at)[index]; }
  body& body_at(std::uint32_t index) noexcept { return part<body>(bodies_at)[index]; }

 private:
  static constexpr std::size_t most = std::size_t{1} << index_bits;

  alignas(64) std::uint64_t words_with_free_[most / 4096]{};
  alignas(64) marks marks_[most / 64]{};

  static constexpr std::size_t generations_at = 64 + most / 512 + most / 2;
  static constexpr std::size_t slot_bytes = 4 + 4 + 8 + sizeof(body);

 public:
  static constexpr auto most_slots = static_cast<std::uint32_t>((huge_page - generations_at - 64) / slot_bytes);
  static_assert(most_slots <= most);

 private:
  static constexpr std::size_t deadlines_at = generations_at + most_slots * std::size_t{4} / 8 * 8 + 8;
  static constexpr std::size_t sequences_at = deadlines_at + most_slots * std::size_t{8};
  static constexpr std::size_t bodies_at = huge_page - most_slots * sizeof(body);
  static_assert(sequences_at + most_slots * std::size_t{4} <= bodies_at);

  template <class Part>
  Part* part(std::size_t offset) noexcept {
    return reinterpret_cast<Part*>(reinterpret_cast<std::byte*>(this) + offset);
  }
};

inline bool timer_slots::has_pending(std::uint32_t number, std::uint32_t generation) const noexcept {
  chunk* const home = chunk_or_null(number);
  if (home == nullptr || index_of(number) >= home->fresh) return false;
  return (home->marks_of(index_of(number)).pending & bit_of(number)) != 0 &&
         home->generation_of(index_of(number)) == generation;
}

inline bool timer_slots::has_pending_of(std::uint32_t number, std::uint32_t sequence) const noexcept {
  chunk* const home = chunk_or_null(number);
  if (home == nullptr || index_of(number) >= home->fresh) return false;
  return (home->marks_of(index_of(number)).pending & bit_of(number)) != 0 &&
         home->sequence_at(index_of(number)) == sequence;
}

inline bool timer_slots::is_pending(std::uint32_t number) const noexcept {
  return (chunk_at(place_of(number))->marks_of(index_of(number)).pending & bit_of(number)) != 0;
}
inline bool timer_slots::must_be_destroyed(std::uint32_t number) const noexcept {
  return (chunk_at(place_of(number))->marks_of(index_of(number)).must_be_destroyed & bit_of(number)) != 0;
}
inline void timer_slots::set_pending(std::uint32_t number, bool must_be_destroyed) noexcept {
  chunk::marks& of = chunk_at(place_of(number))->marks_of(index_of(number));
  of.pending |= bit_of(number);
  of.must_be_destroyed &= ~bit_of(number);
  if (must_be_destroyed) of.must_be_destroyed |= bit_of(number);
}
inline void timer_slots::clear_pending(std::uint32_t number) noexcept {
  chunk_at(place_of(number))->marks_of(index_of(number)).pending &= ~bit_of(number);
}

inline std::uint32_t timer_slots::number_of(const chunk& of, std::uint32_t index) const noexcept {
  return of.number << index_bits | index;
}

inline timer_slots::body& timer_slots::body_at(std::uint32_t number) const noexcept {
  return chunk_at(place_of(number))->body_at(index_of(number));
}
inline std::uint32_t& timer_slots::sequence_at(std::uint32_t number) const noexcept {
  return chunk_at(place_of(number))->sequence_at(index_of(number));
}

inline void timer_slots::prefetch_marks(std::uint32_t number) const noexcept {
  chunk* const home = chunk_or_null(number);
  if (home != nullptr) __builtin_prefetch(&home->marks_of(index_of(number)));
}
inline void timer_slots::prefetch(std::uint32_t number) const noexcept {
  chunk* const home = chunk_or_null(number);
  if (home == nullptr) return;
  __builtin_prefetch(&home->marks_of(index_of(number)));
  __builtin_prefetch(&home->sequence_at(index_of(number)));
  __builtin_prefetch(&home->body_at(index_of(number)));
}

inline timer_slots::taken timer_slots::take() {
  if (current_ == nullptr) current_ = find_chunk();
  chunk& from = *current_;
  if (from.in_use == 0 && spare_ == current_) spare_ = nullptr;
  std::uint32_t index;
  std::uint32_t generation = from.first_generation;
  if (from.free != 0) {
    index = from.take_free();
    generation = from.generation_of(index) + 1;
    from.set_generation(index, generation);
  } else {
    index = from.fresh++;
    ++touched_;
    ::new (static_cast<void*>(&from.body_at(index))) body{};
  }
  ++from.in_use;
  if (from.is_full()) {
    open_[from.number / 64] &= ~bit_of(from.number);
    current_ = nullptr;
  }
  return {from.number << index_bits | index, generation, from.sequence_at(index), from.deadline_at(index),
          from.body_at(index)};
}

inline timer_slots::chunk* timer_slots::give_back(std::uint32_t number) noexcept {
  chunk& home = *chunk_at(place_of(number));
  const std::uint32_t index = index_of(number);
  home.marks_of(index).pending &= ~bit_of(index);
  const std::uint32_t next_generation = home.generation_of(index) + 1;
  home.last_generation = std::max(home.last_generation, next_generation);
  if (next_generation != generation_end) [[likely]] {  // else it is spent
    if (home.is_full()) [[unlikely]] {
      open_[home.number / 64] |= bit_of(home.number);
    }
    home.add_free(index);
    // Low chunks first, so that the others fall empty.
    if (current_ == nullptr || home.number < current_->number) current_ = &home;
  }
  return --home.in_use != 0 ? nullptr : is_empty(home);
}

template <class Entry>
Entry* timer_slots::list_pending(Entry* to) noexcept {
  for (std::uint32_t place = 0; place < chunk_count_; ++place) {
    chunk* const listed = chunk_at(place);
    if (listed == nullptr || listed->in_use == 0) continue;
    for (std::uint32_t first = 0; first < listed->fresh; first += 64) {
      for (std::uint64_t left = listed->marks_of(first).pending; left != 0; left &= left - 1) {
        const std::uint32_t index = first + static_cast<std::uint32_t>(std::countr_zero(left));
        *to++ = {listed->deadline_at(index),
                 std::uint64_t{listed->sequence_at(index)} << 32 | place << index_bits | index};
      }
    }
  }
  return to;
}

}  // namespace coppice::scheduling
