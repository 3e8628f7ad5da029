#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include <coppice/scheduling/timer_slots.hpp>

namespace coppice::scheduling {

/// Finds the timers of an owner. Those of one owner form a list through their slots; a table knows the first of each.
/// Slots that have become free stay in it until they are used for another owner.
///
/// The table holds a part of the owner's hash beside the slot, so that looking for an owner, growing and closing gaps
/// seldom touch a slot but the one in question: with many timers each would be a cache miss.
class timer_owners {
 public:
  explicit timer_owners(timer_slots& slots) : slots_(slots) {}

  /// Makes room for one more owner, so that `add` cannot fail.
  void reserve_one() {
    if (owners_ >= places_.size() / 8 * 7) resize(std::max<std::size_t>(16, places_.size() * 2));
  }

  void add(std::uint32_t number, timer_slots::body& added) noexcept {
    if (added.owner == last_owner_) [[likely]] {
      add_behind(last_first_, *last_first_body_, number, added);
      return;
    }
    place& found = places_[find(added.owner)];
    if (found.first != timer_slots::none) {
      last_owner_ = added.owner;
      last_first_ = found.first;
      last_first_body_ = &slots_.body_at(found.first);
      add_behind(last_first_, *last_first_body_, number, added);
      return;
    }
    added.previous = timer_slots::none;
    added.next = timer_slots::none;
    found = {number, hash_of(added.owner)};
    ++owners_;
  }

  void remove(std::uint32_t number) noexcept {
    last_owner_ = 0;
    timer_slots::body& removed = slots_.body_at(number);
    std::uint32_t const next = removed.next;
    if (next != timer_slots::none) slots_.body_at(next).previous = removed.previous;
    if (removed.previous != timer_slots::none) {
      slots_.body_at(removed.previous).next = next;
      return;
    }
    std::size_t at = home_of(hash_of(removed.owner));
    while (places_[at].first != number) at = after(at);
    if (next != timer_slots::none) {
      places_[at].first = next;
    } else {
      erase(at);
    }
  }

  /// Takes an owner out and returns the first of its timers, which remain linked by `next`; `timer_slots::none` if it
  /// has none.
  std::uint32_t extract(std::uint64_t owner) noexcept {
    if (places_.empty()) return timer_slots::none;
    last_owner_ = 0;
    std::size_t const at = find(owner);
    std::uint32_t const first = places_[at].first;
    if (first != timer_slots::none) erase(at);
    return first;
  }

 private:
  struct place {
    std::uint32_t first = timer_slots::none;  // `timer_slots::none`: free
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
    while (places_[at].first != timer_slots::none) {
      if (places_[at].hash == hash && slots_.body_at(places_[at].first).owner == owner) break;
      at = after(at);
    }
    return at;
  }

  // Closes the gap, so that whoever had to step aside is found without a mark of what was here.
  void erase(std::size_t gap) noexcept {
    std::size_t const mask = places_.size() - 1;
    for (std::size_t at = after(gap); places_[at].first != timer_slots::none; at = after(at)) {
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
      if (moved.first == timer_slots::none) continue;
      std::size_t at = home_of(moved.hash);
      while (places_[at].first != timer_slots::none) at = after(at);
      places_[at] = moved;
    }
  }

  void add_behind(std::uint32_t first, timer_slots::body& first_body, std::uint32_t number,
                  timer_slots::body& added) noexcept {
    std::uint32_t const next = first_body.next;
    added.previous = first;
    added.next = next;
    if (next != timer_slots::none) slots_.body_at(next).previous = number;
    first_body.next = number;
  }

  timer_slots& slots_;
  // Who starts a timer often starts another one: whose list was looked for last. Until anything is taken out.
  std::uint64_t last_owner_ = 0;
  std::uint32_t last_first_ = timer_slots::none;
  timer_slots::body* last_first_body_ = nullptr;
  std::vector<place> places_;
  unsigned shift_ = 0;
  std::size_t owners_ = 0;
};

}  // namespace coppice::scheduling
