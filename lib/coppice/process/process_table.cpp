#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>
#include <stdexcept>
#include <system_error>

#include <sys/mman.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/process_table.hpp>

namespace coppice::detail {

static_assert(sizeof(control_block) <= control_block_size, "control_block has outgrown its place");
// Who is spawned and ends touches the whole block: one cache line more can be measured.
static_assert(sizeof(process_slot) == 4 * alignof(process_slot));
static_assert(alignof(control_block) <= alignof(process_slot));

namespace {

// Below that a program is not one that fills chunk after chunk.
constexpr std::size_t few_chunks = 8;

}  // namespace

constinit std::atomic<process_table*> process_table::the_table{nullptr};
constinit process_slot process_table::nobodys_place{};
constinit process_table::range process_table::all_places{&nobodys_place, 0};

process_table& process_table::make() noexcept {
  // Never destroyed: threads that end after main may still hold pids.
  static auto* const table = new process_table;
  the_table.store(table, std::memory_order_release);
  return *table;
}

process_table::process_table() {
  // Address space only; where it is limited (ulimit -v), a table for fewer processes will do.
  for (unsigned bits = slot_bits; bits >= 12; --bits) {
    const std::size_t count = std::size_t{1} << bits;
    void* const range = ::mmap(nullptr, count * sizeof(process_slot), PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) continue;
    slots_ = static_cast<process_slot*>(range);
    last_slot_ = count - 1;
    all_places.first.store(slots_, std::memory_order_relaxed);
    all_places.last.store(last_slot_, std::memory_order_release);
    ::madvise(range, count * sizeof(process_slot), MADV_DONTDUMP);
    return;
  }
  throw std::system_error{errno, std::generic_category(),
                          "coppice: cannot reserve address space for the process table"};
}

// A thread's stock, as long as the thread may start and end processes.
class process_table::presence {
 public:
  presence() {
    process_table& table = instance();
    const std::lock_guard hold{table.lock_};
    stock_.next = table.stocks_;
    if (stock_.next != nullptr) stock_.next->previous = &stock_;
    table.stocks_ = &stock_;
  }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() {
    process_table& table = instance();
    stock_.is_over = true;
    table.settle(stock_);
    const std::lock_guard hold{table.lock_};
    (stock_.previous != nullptr ? stock_.previous->next : table.stocks_) = stock_.next;
    if (stock_.next != nullptr) stock_.next->previous = stock_.previous;
  }

  place_stock& stock() noexcept { return stock_; }

 private:
  place_stock stock_;
};

place_stock& process_table::own_stock() {
  thread_local presence here;
  return here.stock();
}

pid process_table::allocate() {
  place_stock& own = own_stock();
  for (;;) {
    if (own.size == 0 || own.epoch != epoch_.load(std::memory_order_relaxed)) refill(own);
    const std::uint64_t place = own.places[--own.size];
    // The slot keeps its last serial in `doomed` while it is free.
    const std::uint64_t serial = (slots_[place].doomed.load(std::memory_order_relaxed) >> slot_bits) + 1;
    if (serial > last_serial) continue;  // its serials are spent: the place is retired
    slots_[place].name_hash.store(0, std::memory_order_relaxed);
    own.highest = std::max<std::uint64_t>(own.highest, serial);
    own.living = own.living + 1;
    if (own.is_over) settle(own);
    return pid::from_value(serial << slot_bits | place);
  }
}

bool process_table::release(pid over) noexcept {
  place_stock& own = own_stock();
  const std::uint64_t place = slot_of(over);
  slots_[place].doomed.store(over.value(), std::memory_order_relaxed);
  own.living = own.living - 1;
  const auto epoch = epoch_.load(std::memory_order_relaxed);
  if (own.epoch != epoch) {
    own.size = 0;
    own.epoch = epoch;
  }
  const bool are_far_fewer = own.size == place_stock::most && give_back_oldest(own, place_stock::most / 2);
  own.places[own.size++] = static_cast<std::uint32_t>(place);
  if (own.is_over) settle(own);
  return are_far_fewer;
}

// What a thread has at its end, or what is done on it after that, by a destructor of static storage, say.
void process_table::settle(place_stock& over) noexcept {
  give_back_oldest(over, over.size);
  const std::lock_guard hold{lock_};
  living_before_ += over.living;
  over.living = 0;
  highest_ = std::max<std::uint64_t>(highest_, over.highest);
}

void process_table::hand_out_places() noexcept {
  place_stock& own = own_stock();
  give_back_oldest(own, own.size);
}

// In the order in which they would be taken one by one; where few live, really one by one, so that the pids of a small
// program follow each other.
void process_table::refill(place_stock& own) {
  const std::lock_guard hold{lock_};
  own.size = 0;
  own.epoch = epoch_.load(std::memory_order_relaxed);
  const auto living = count_under_lock();
  constexpr std::size_t part = 8;
  const auto many = std::clamp<std::size_t>(living / part, 1, place_stock::most / 2);
  while (own.size != many) {
    std::uint64_t place = 0;
    try {
      place = take_place();
    } catch (...) {
      if (own.size == 0) throw;
      break;  // fewer will do
    }
    chunk& home = chunks_[place / chunk_slots];
    process_slot& slot = slots_[place];
    if (!home.touched) populate(place / chunk_slots);
    // It is none still. But a page that is read before it is written costs two faults instead of one.
    slot.life.store(0, std::memory_order_relaxed);
    const std::uint64_t last =
        std::max({slot.doomed.load(std::memory_order_relaxed) >> slot_bits, home.serial, floor_});
    slot.doomed.store(last << slot_bits | place, std::memory_order_relaxed);
    if (!home.touched) {
      home.touched = true;
      ++touched_;
    }
    ++home.used;
    own.places[own.size++] = static_cast<std::uint32_t>(place);
  }
  std::reverse(own.places, own.places + own.size);
  most_ = std::max(most_, living + own.size);
}

// Under the lock.
std::uint64_t process_table::take_place() {
  if (!free_.empty()) {
    const std::uint64_t place = free_.back();
    free_.pop_back();
    return place;
  }
  if (fresh_ > last_slot_) {
    throw std::length_error{"coppice: all " + std::to_string(last_slot_ + 1) +
                            " places for processes are taken; end some before starting more"};
  }
  if (fresh_ / chunk_slots == chunks_.size()) chunks_.emplace_back();
  // So that nobody who gives a place back ever has to allocate.
  if (fresh_ == free_.capacity()) free_.reserve(std::max<std::size_t>(chunk_slots, 2 * free_.capacity()));
  return fresh_++;
}

bool process_table::give_back_oldest(place_stock& own, std::uint32_t many) noexcept {
  const std::lock_guard hold{lock_};
  const std::size_t left = count_under_lock();
  if (own.epoch == epoch_.load(std::memory_order_relaxed)) {
    for (std::uint32_t i = 0; i < many; ++i) {
      const std::uint64_t place = own.places[i];
      free_.push_back(own.places[i]);
      chunk& home = chunks_[place / chunk_slots];
      // A reserve keeps a program that starts and ends a few processes all the time from paying for fresh pages.
      constexpr std::size_t reserve_chunks = 16;
      if (--home.used == 0 && touched_ > left / chunk_slots * 2 + reserve_chunks) give_back(home, place / chunk_slots);
    }
  }
  std::copy(own.places + many, own.places + own.size, own.places);
  own.size -= many;
  constexpr std::size_t far_fewer = 4096;
  if (left + far_fewer > most_ || left > most_ / 2) return false;
  most_ = left;
  return true;
}

std::size_t process_table::count() const noexcept {
  const std::lock_guard hold{lock_};
  return count_under_lock();
}

std::size_t process_table::count_under_lock() const noexcept {
  std::int64_t sum = living_before_;
  for (const place_stock* each = stocks_; each != nullptr; each = each->next) sum += each->living;
  // What other threads change meanwhile need not fit together.
  return static_cast<std::size_t>(std::max<std::int64_t>(sum, 0));
}

void process_table::trim() noexcept {
  const std::lock_guard hold{lock_};
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    if (chunks_[i].touched && chunks_[i].used == 0) give_back(chunks_[i], i);
  }
  while (fresh_ != 0 && chunks_[(fresh_ - 1) / chunk_slots].used == 0) {
    fresh_ = (fresh_ - 1) / chunk_slots * chunk_slots;
  }
  try {
    std::vector<std::uint32_t> places;
    places.reserve(fresh_);
    std::copy_if(free_.begin(), free_.end(), std::back_inserter(places),
                 [this](std::uint32_t place) { return place < fresh_; });
    free_.swap(places);
  } catch (const std::bad_alloc&) {
    // It stays larger than it need be; but nobody is to be given a place twice.
    std::erase_if(free_, [this](std::uint32_t place) { return place >= fresh_; });
  }
}

void process_table::begin_anew() {
  const std::lock_guard hold{lock_};
  std::uint64_t highest = highest_;
  for (const place_stock* each = stocks_; each != nullptr; each = each->next)
    highest = std::max<std::uint64_t>(highest, each->highest);
  // Serials that are half spent are worth more than an order.
  if (count_under_lock() != 0 || highest > last_serial / 2) return;
  free_.clear();
  fresh_ = 0;
  floor_ = highest;
  for (chunk& each : chunks_) each.used = 0;
  epoch_.fetch_add(1, std::memory_order_relaxed);
}

// Who fills chunk after chunk will fill this one too: one call for its pages instead of a fault for each. (Huge pages
// cost less where they lie at hand, and twice as much where they do not; and the kernel fills them up again around a
// single process that is left.)
void process_table::populate([[maybe_unused]] std::size_t index) noexcept {
#ifdef MADV_POPULATE_WRITE
  if (touched_ < few_chunks) return;
  ::madvise(slots_ + index * chunk_slots, chunk_slots * sizeof(process_slot), MADV_POPULATE_WRITE);
#endif
}

void process_table::give_back(chunk& empty, std::size_t index) noexcept {
  process_slot* const first = slots_ + index * chunk_slots;
  for (std::size_t i = 0; i < chunk_slots; ++i) {
    empty.serial = std::max(empty.serial, first[i].doomed.load(std::memory_order_relaxed) >> slot_bits);
  }
  static_assert(chunk_slots * sizeof(process_slot) % 4096 == 0, "a chunk must be whole pages");
  ::madvise(first, chunk_slots * sizeof(process_slot), MADV_DONTNEED);
  empty.touched = false;
  --touched_;
}

namespace {

/// What a thread has sent last to processes that had not come to look at what they had been sent before.
class recent_pushes {
 public:
  /// The one that it sent so many pushes ago, if the receiver is the same: null otherwise. Only its address counts.
  envelope* replace_oldest(envelope* by) noexcept {
    push& oldest = pushes_[next_];
    next_ = (next_ + 1) % distance;
    envelope* const found = oldest.to == by->to ? oldest.sent : nullptr;
    oldest = {by, by->to};
    return found;
  }

 private:
  static constexpr std::uint32_t distance = 16;

  struct push {
    envelope* sent;
    std::uint64_t to;
  };
  push pushes_[distance];
  std::uint32_t next_;
};

constinit thread_local recent_pushes own_recent_pushes{};

}  // namespace

// `noinline`, because it uses a `thread_local`: see scheduling/this_thread.hpp.
bool process_table::push_to_busy(process_slot& to, envelope* sent) noexcept {
  const envelope_kind kind = sent->kind();
  if (may_point_ahead(kind)) sent->fetch_ahead(own_recent_pushes.replace_oldest(sent));
  envelope* head = to.inbox.load(std::memory_order_acquire);
  for (;;) {
    if (head == inbox_closed) [[unlikely]] {
      return false;
    }
    sent->next = is_list(head) ? head : nullptr;
    if (to.inbox.compare_exchange_weak(head, sent, std::memory_order_acq_rel, std::memory_order_acquire)) [[likely]] {
      break;
    }
  }
  // As in `push_to`.
  if (head == inbox_idle) [[unlikely]] {
    wake(to);
  } else if (kind > envelope_kind::reply) {
    // The place may be another's by now, who will look once more than he must.
    to.has_signal.store(true, std::memory_order_release);
  }
  return true;
}

void process_table::wake(process_slot& resting) noexcept {
  resting.process().wake();
}

std::vector<pid> process_table::living() const {
  std::vector<pid> found;
  const std::lock_guard hold{lock_};
  for (std::size_t c = 0; c < chunks_.size(); ++c) {
    if (chunks_[c].used == 0) continue;
    const std::uint64_t end = std::min<std::uint64_t>((c + 1) * chunk_slots, fresh_);
    for (std::uint64_t place = c * chunk_slots; place < end; ++place) {
      const auto life = slots_[place].life.load(std::memory_order_acquire);
      if (life != 0 && (life & ending_mark) == 0) found.push_back(pid::from_value(life));
    }
  }
  return found;
}

}  // namespace coppice::detail
