#include <limits>
#include <utility>

#include <coppice/scheduling/owner_mutex.hpp>
#include <coppice/scheduling/this_thread.hpp>
#include <coppice/scheduling/timer_heap.hpp>
#include <coppice/scheduling/timer_owners.hpp>
#include <coppice/scheduling/timer_queue.hpp>
#include <coppice/scheduling/timer_slots.hpp>

namespace coppice::scheduling {

namespace {

constexpr std::uint32_t last_sequence = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

std::int64_t ns_of(time_point instant) noexcept {
  return instant.time_since_epoch().count();
}
time_point instant_of(std::int64_t ns) noexcept {
  return time_point(std::chrono::nanoseconds(ns));
}
std::uint64_t order_of(std::uint32_t sequence, std::uint32_t number) noexcept {
  return std::uint64_t{sequence} << 32 | number;
}

}  // namespace

/// A cancelled timer leaves its slot at once, but its entry in the heap only when that comes to the top, or to the end,
/// or when three quarters of all entries are like it. An entry is alive while its slot's timer is pending and has its
/// running number.
struct timer_queue::state {
  explicit state(origin first) : sequence(first.sequence), slots(first.generation), owners(slots) {}

  owner_mutex mutex;
  scheduler const* user = nullptr;  // whose thread owns the mutex
  std::uint32_t sequence;
  std::size_t pending = 0;
  timer_slots slots;
  timer_heap heap;
  timer_owners owners;

  bool is_used_here() const noexcept { return user != nullptr && this_thread().here == user; }

  bool is_pending(timer_id id) const noexcept {
    return slots.has_pending(timer_slots::slot_of_id(id.value), timer_slots::generation_of_id(id.value));
  }

  bool is_alive(timer_entry const& tested) const noexcept {
    return slots.has_pending_of(tested.slot(), tested.sequence());
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
    if (pending == 0) [[unlikely]] {
      forget_all_entries();
    } else if (heap.size() > 4 * pending + 256) [[unlikely]] {
      sweep();
    }
  }

  [[gnu::noinline]] void sweep() noexcept {
    // To go through all slots, one after the other, is quicker than to look at theirs for entries in any order.
    if (heap.size() > slots.touched() / 2) {
      heap.replace([this](timer_entry* to) { return slots.list_pending(to); });
    } else {
      heap.keep_if([this](timer_entry const& ahead) { slots.prefetch_marks(ahead.slot()); },
                   [this](timer_entry const& tested) { return is_alive(tested); });
    }
    heap.shrink();
  }

  [[gnu::noinline]] void forget_all_entries() noexcept {
    heap.clear();
    heap.shrink();
  }

  // The running number is spent after 2^32 timers: those that are pending are numbered anew in the order they have.
  [[gnu::noinline]] void renumber() noexcept {
    sweep();
    heap.sort();
    sequence = 0;
    for (timer_entry& numbered : heap) {
      std::uint32_t const number = numbered.slot();
      slots.sequence_at(number) = ++sequence;
      numbered.order = order_of(sequence, number);
    }
  }

  // Takes a pending timer, whose action is gone, out of everything but the heap and the list of its owner.
  void retire(std::uint32_t number) noexcept {
    --pending;
    free_slot(number);
  }

  void free_slot(std::uint32_t number) noexcept {
    if (timer_slots::chunk* const leaving = slots.give_back(number); leaving != nullptr) [[unlikely]] {
      release(*leaving);
    }
  }

  [[gnu::noinline]] void release(timer_slots::chunk& leaving) noexcept {
    for (std::uint32_t index = 0; index < leaving.fresh; ++index) {
      if (leaving.body_at(index).owner != 0) owners.remove(slots.number_of(leaving, index));
    }
    slots.release(leaving);
  }

  void set_owner(std::uint32_t number, timer_slots::body& owned, std::uint64_t owner) noexcept {
    if (owned.owner != 0) owners.remove(number);
    owned.owner = owner;
    if (owner != 0) owners.add(number, owned);
  }

  // The timer of that slot is pending, and its action need not be destroyed.
  void cancel(std::uint32_t number) noexcept {
    // It may be the entry of an earlier timer of this slot, which is dead.
    if (heap.back().slot() == number) heap.pop_back();
    retire(number);
    sweep_if_mostly_dead();
  }

  // Destroying an action may run anything: it is done when the lock is gone.
  [[gnu::noinline]] void cancel_into(timer_action& cancelled, std::uint32_t number) noexcept {
    cancelled = std::move(slots.body_at(number).action);
    cancel(number);
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
  timer_slots::taken const into = s.slots.take();
  std::int64_t const deadline_ns = ns_of(deadline);
  std::uint32_t const sequence = ++s.sequence;
  s.slots.set_pending(into.number, !action.is_trivial());
  into.sequence = sequence;
  into.deadline_ns = deadline_ns;
  ::new (static_cast<void*>(&into.with.action)) timer_action(std::move(action));
  if (into.with.owner != owner) s.set_owner(into.number, into.with, owner);
  s.heap.push({deadline_ns, order_of(sequence, into.number)});
  ++s.pending;
  if (deadline_ns < bound_ns_.load(std::memory_order_relaxed)) bound_ns_.store(deadline_ns);
  return {timer_slots::id_of(into.number, into.generation)};
}

void timer_queue::prefetch(timer_id id) const noexcept {
  state_->slots.prefetch_marks(timer_slots::slot_of_id(id.value));
}

bool timer_queue::cancel(timer_id id) {
  state& s = *state_;
  std::optional<timer_action> cancelled;  // destroyed after the lock is gone
  {
    owner_mutex::hold const lock(s.mutex, s.is_used_here());
    if (!s.is_pending(id)) return false;
    std::uint32_t const number = timer_slots::slot_of_id(id.value);
    if (s.slots.must_be_destroyed(number)) {
      s.cancel_into(cancelled.emplace(), number);
    } else {
      s.cancel(number);
    }
    if (s.pending == 0) bound_ns_.store(never_ns);
  }
  return true;
}

std::size_t timer_queue::cancel_all_of(std::uint64_t owner) {
  if (owner == 0) return 0;
  state& s = *state_;
  std::size_t count = 0;
  std::uint32_t cancelled = timer_slots::none;  // the first of a list of them
  bool all_trivial = true;
  {
    owner_mutex::hold const lock(s.mutex, s.is_used_here());
    for (std::uint32_t number = s.owners.extract(owner); number != timer_slots::none;) {
      timer_slots::body& body = s.slots.body_at(number);
      std::uint32_t const next = body.next;
      body.owner = 0;
      if (s.slots.is_pending(number)) {
        s.slots.clear_pending(number);
        all_trivial = all_trivial && !s.slots.must_be_destroyed(number);
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
    for (std::uint32_t number = cancelled; number != timer_slots::none; number = s.slots.body_at(number).next) {
      s.slots.body_at(number).action.reset();
    }
  }
  owner_mutex::hold const lock(s.mutex, s.is_used_here());
  while (cancelled != timer_slots::none) {
    std::uint32_t const next = s.slots.body_at(cancelled).next;
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
      std::uint32_t const number = s.heap.top().slot();
      s.heap.pop();
      // The next one's slot comes from memory while this one's action runs.
      if (!s.heap.empty()) s.slots.prefetch(s.heap.top().slot());
      timer_slots::body& body = s.slots.body_at(number);
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

bool timer_queue::is_pending(timer_id id) const {
  owner_mutex::hold const lock(state_->mutex, state_->is_used_here());
  return state_->is_pending(id);
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
