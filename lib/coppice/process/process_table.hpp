#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include <coppice/process/envelope.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/place_stock.hpp>
#include <coppice/process/slot_of.hpp>
#include <coppice/scheduling/spinlock.hpp>

namespace coppice::detail {

class control_block;

// The highest bit is no pid's: in a slot it says that the process is ending.
inline constexpr std::uint64_t ending_mark = std::uint64_t{1} << 63U;
inline constexpr std::uint64_t last_serial = (std::uint64_t{1} << (63 - slot_bits)) - 2;

constexpr std::uint64_t serial_of(pid of) noexcept {
  return (of.value() >> slot_bits) - 1;
}

/// The inbox's states beside a list of envelopes, which is newest first. An all-zero page reads as closed.
inline envelope* const inbox_closed = nullptr;
inline envelope* const inbox_empty = reinterpret_cast<envelope*>(1);  // its owner runs, or waits for its turn
inline envelope* const inbox_idle = reinterpret_cast<envelope*>(2);   // its owner rests: who pushes first wakes it

/// Whether there is anything in an inbox.
inline bool is_list(const envelope* head) noexcept {
  return head != inbox_closed && head != inbox_empty && head != inbox_idle;
}

/// Empties an inbox. The newest of what had arrived; null: nothing had.
inline envelope* take_all(std::atomic<envelope*>& inbox, envelope* leave) noexcept {
  envelope* const taken = inbox.exchange(leave);  // in one order with who counts what is there
  return is_list(taken) ? taken : nullptr;
}

constexpr std::size_t control_block_size = 224;

/// The place of one process. It outlives the process, so that a send to a stale pid reads valid memory.
struct alignas(64) process_slot {
  // The pid of the process that is here, with `ending_mark` from when it gets no name and no timer any more until its
  // inbox is closed; 0: none.
  std::atomic<std::uint64_t> life;
  std::atomic<envelope*> inbox;
  std::atomic<std::uint64_t> doomed;  // the last pid here that was sent a kill
  alignas(8) std::byte block[control_block_size];
  // A signal may be in the inbox. Its owner asks this after each message, and not the inbox: a sender on another
  // processor would have to fetch back the line that he has just written.
  std::atomic<bool> has_signal;
  // Of its owner's name, for the registry; 0: he has none.
  std::atomic<std::uint32_t> name_hash;

  control_block& process() noexcept { return *reinterpret_cast<control_block*>(block); }
  /// Has it fetched from memory, but for its first line, which any send looks at.
  void fetch() const noexcept {
    constexpr std::size_t line = 64;
    for (std::size_t at = line; at < sizeof(process_slot); at += line) {
      __builtin_prefetch(reinterpret_cast<const std::byte*>(this) + at);
    }
  }
};

/// Where all processes of the program are. There is one, for all runtimes of the program one after the other, so that
/// no pid is ever used twice.
///
/// Its address range is reserved once and kept; the pages of places that have long been empty are given back. So the
/// send path needs no lock, no reference count and no hazard pointer.
class process_table {
 public:
  static process_table& instance() noexcept {
    process_table* const made = the_table.load(std::memory_order_acquire);
    return made != nullptr ? *made : make();
  }

  /// Any pid has a slot, also one that was never given out.
  process_slot& slot(pid of) noexcept { return place_of(of); }

  /// Takes a free place for a new process: its pid. Throws std::length_error when none is left.
  pid allocate();
  /// True, once in a while, when far fewer are left than there were not long ago.
  bool release(pid over) noexcept;

  /// The calling thread gives back the places that it keeps at hand.
  void hand_out_places() noexcept;

  /// Gives back the pages of all places where nobody is, and what is kept to find them again.
  void trim() noexcept;

  /// Delivers; false (and the envelope is still the caller's) when there is no such process. One that is ending gets it
  /// still: what asks for word of it is answered when its end is over.
  [[gnu::always_inline]] static bool push(envelope* sent) noexcept {
    process_slot& to = place_of(sent->receiver());
    return (to.life.load(std::memory_order_relaxed) & ~ending_mark) == sent->to && push_to(to, sent);
  }

  /// The second half of `push`: between the two the process may end and its place be taken by a successor, who then
  /// gets the envelope and has to turn it away.
  static bool push_to_slot(envelope* sent) noexcept { return push_to(place_of(sent->receiver()), sent); }

  bool is_living(pid of) noexcept { return of && slot(of).life.load(std::memory_order_acquire) == of.value(); }

  /// All living processes, by place. Not those that are ending.
  std::vector<pid> living() const;
  /// How many there are, also those that are ending. Exact while none begins or ends on another thread.
  std::size_t count() const noexcept;

  /// For a runtime that is to be the same each time: if nobody lives, places are given out from the first on again, and
  /// serials go on from one number for all of them. So pids compare with each other as in a program that has just
  /// begun.
  void begin_anew();

  /// Held while somebody looks at a control block that is not his own, and while a process ends its life.
  scheduling::spinlock& guard_of(pid of) noexcept { return guards_[slot_of(of) % guard_count].lock; }

 private:
  process_table();
  [[gnu::noinline, gnu::cold]] static process_table& make() noexcept;

  static constinit std::atomic<process_table*> the_table;

  // What a send has to know of the table, whether there is one or not: before it is made, a single place, where nobody
  // is.
  struct range {
    std::atomic<process_slot*> first;
    std::atomic<std::uint64_t> last;  // its number; written after `first`, and read before it
  };
  static process_slot nobodys_place;
  static range all_places;

  // The number of the last place is all ones, and not more of them than a place has bits in a pid.
  [[gnu::always_inline]] static process_slot& place_of(pid of) noexcept {
    const std::uint64_t place = of.value() & all_places.last.load(std::memory_order_acquire);
    return all_places.first.load(std::memory_order_relaxed)[place];
  }

  [[gnu::always_inline]] static bool push_to(process_slot& to, envelope* sent) noexcept {
    envelope* head = to.inbox.load(std::memory_order_acquire);
    if (head == inbox_idle) [[likely]] {
      sent->next = nullptr;
      if (to.inbox.compare_exchange_strong(head, sent, std::memory_order_acq_rel)) [[likely]] {
        // Only this push saw it at rest, so nothing else can wake it, and it cannot end before it was woken.
        wake(to);
        return true;
      }
    }
    return push_to_busy(to, sent);
  }

  /// To one that does not rest, or did not a moment ago.
  [[gnu::noinline]] static bool push_to_busy(process_slot& to, envelope* sent) noexcept;

  static constexpr std::size_t guard_count = 64;
  static constexpr std::size_t chunk_slots = 256;

  // Neighbouring places, whose pages are given back together. Then their slots forget their serials: the chunk knows
  // one that is higher than all of them.
  struct chunk {
    std::uint64_t serial = 0;
    std::uint32_t used = 0;  // also by those that a thread keeps at hand
    bool touched = false;
  };

  // A guard has a cache line for itself: each process that ends takes one.
  struct alignas(64) guard {
    scheduling::spinlock lock;
  };

  class presence;
  [[gnu::noinline]] static place_stock& own_stock();  // `noinline`: see scheduling/this_thread.hpp
  void refill(place_stock& own);
  void settle(place_stock& over) noexcept;
  bool give_back_oldest(place_stock& own, std::uint32_t many) noexcept;
  std::uint64_t take_place();
  std::size_t count_under_lock() const noexcept;

  static void wake(process_slot& resting) noexcept;
  void populate(std::size_t index) noexcept;
  void give_back(chunk&, std::size_t index) noexcept;

  process_slot* slots_ = nullptr;  // all places, as in `all_places`
  std::uint64_t last_slot_ = 0;
  std::atomic<std::uint64_t> epoch_{1};  // changed by `begin_anew`
  guard guards_[guard_count];

  // Held for a few instructions by who takes or gives back a batch of places; who lists all holds it longer, but
  // seldom.
  mutable scheduling::spinlock lock_;
  place_stock* stocks_ = nullptr;
  std::int64_t living_before_ = 0;  // on threads that are gone, begun less ended
  std::vector<std::uint32_t> free_;
  std::vector<chunk> chunks_;
  std::uint64_t fresh_ = 0;    // the first place that was never used, or not since `begin_anew`
  std::uint64_t highest_ = 0;  // of all serials, but for those that threads know of
  std::uint64_t floor_ = 0;    // every serial is above it
  std::size_t touched_ = 0;    // chunks that have pages
  std::size_t most_ = 0;       // how many lived at once, since far fewer did
};

}  // namespace coppice::detail
