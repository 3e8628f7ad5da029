#include <algorithm>
#include <bit>
#include <deque>
#include <memory>
#include <new>

#include <boost/context/stack_context.hpp>
#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/scheduler.hpp>
#include <sys/prctl.h>

#include <coppice/scheduling/scheduler.hpp>
#include <coppice/scheduling/splitmix.hpp>

namespace coppice::scheduling {

namespace {

using boost::fibers::context;
using fiber_type = boost::fibers::type;

/// Hands the runtime's guarded stacks to Boost.Context.
class pooled_stack_allocator {
 public:
  pooled_stack_allocator(stack_pool& from, std::size_t size, stack& got, caretaker& ends) noexcept
      : pool_{&from}, size_{size}, got_{&got}, ends_{&ends} {}

  boost::context::stack_context allocate() {
    *got_ = pool_->allocate(size_);
    boost::context::stack_context made;
    made.sp = got_->top;
    made.size = got_->size;
    return made;
  }
  void deallocate(boost::context::stack_context& over) noexcept {
    pool_->deallocate(stack{over.sp, over.size});
    ends_->carrier_has_ended();
  }

 private:
  stack_pool* pool_;
  std::size_t size_;
  stack* got_;  // only for `allocate`
  caretaker* ends_;
};

// Of how many that wait, from the front, a seed draws the next: to find one costs a step for each before it.
constexpr std::size_t most_to_draw_from = 256;

// How often, in turns, a busy thread looks after its timers and after Boost's own queues.
constexpr std::uint32_t turns_between_timers = 16;
static_assert(std::has_single_bit(turns_between_timers));
constexpr std::uint32_t turns_between_housekeeping = 64;

// How many carriers of one size a thread keeps for itself; all others rest where every thread finds them.
constexpr std::size_t most_kept = 16;

}  // namespace

/// Chooses the fiber that runs next on a thread, and keeps apart what the C++ runtime has only once for a thread.
class scheduler::algorithm final : public boost::fibers::algo::algorithm {
 public:
  algorithm(scheduler& of, boost::fibers::scheduler& boost) noexcept : scheduler_{of}, boost_{&boost} {}

  // Called on the new fiber, when `ready` stands still.
  void awakened(context* ready) noexcept override {
    settle();
    if (ready->is_context(fiber_type::dispatcher_context)) {
      dispatcher_ready_ = ready;
      return;
    }
    if (ready->is_context(fiber_type::main_context)) {
      main_ready_ = ready;
      return;
    }
    fiber_record& record = record_of(ready);
    if (record.carried == nullptr || record.carried->why == carrier::leaving::no) {
      woken_by_boost_.push_back(&record);
    } else {
      came_to_rest(*record.carried);
    }
  }

  context* pick_next() noexcept override {
    settle();
    fiber_record* next = switch_record();
    return next != nullptr ? next->context : nullptr;
  }

  /// Suspends the fiber that runs, which is a carrier's, for that reason.
  ///
  /// Between two carriers that stand here, the switch itself is all that Boost has to do: whoever arrives sees to what
  /// the other one left. Any other fiber goes on in code that does not know of this; there Boost calls `awakened`.
  void leave(carrier::leaving why) noexcept {
    fiber_record& leaver = *current_;
    leaver.carried->why = why;
    leaver.carried->stands = true;
    fiber_record& next = *switch_record();
    carrier* const on = next.carried;
    if (on != nullptr && on->stands) {
      left_ = leaver.carried;
      next.context->resume();
    } else {
      next.context->resume(leaver.context);
    }
  }

  /// On the carrier that has come back from `leave`.
  void arrived() noexcept {
    current_->carried->stands = false;
    settle();
  }

  /// After a switch: sees to the carrier that was left for this one, if that is not yet done.
  void settle() noexcept {
    if (left_ != nullptr) came_to_rest(*std::exchange(left_, nullptr));
  }

  bool has_ready_fibers() const noexcept override {
    const_cast<algorithm*>(this)->settle();
    return dispatcher_ready_ != nullptr || main_ready_ != nullptr || !woken_by_boost_.empty() ||
           scheduler_.preselected_ != nullptr || !scheduler_.queue_.is_empty();
  }

  void suspend_until(const std::chrono::steady_clock::time_point& at_most) noexcept override {
    settle();
    scheduler_.runtime_.idle(scheduler_, at_most);
  }

  // A Boost primitive on another thread made one of this thread's fibers ready.
  void notify() noexcept override { scheduler_.runtime_.wake_all(); }

  // Suspends the thread's main fiber until the runtime stops.
  void wait_for_stop() noexcept {
    main_record_.context = context::active();
    main_waits_ = true;
    context::active()->suspend();
  }

  void attach(context& moved) noexcept { boost_->attach_worker_context(&moved); }

  void make_ready(carrier& resting) { woken_by_boost_.push_back(resting.record); }

 private:
  fiber_record& record_of(context* of) noexcept {
    if (of->get_properties() == nullptr) of->set_properties(new fiber_record{of});
    return static_cast<fiber_record&>(*of->get_properties());
  }

  // For our carriers this is where a park becomes final.
  void came_to_rest(carrier& left) noexcept {
    const auto why = std::exchange(left.why, carrier::leaving::no);
    if (why == carrier::leaving::idles) {
      if (scheduler_.keep(left)) return;
      boost_->detach_worker_context(left.record->context);
      // From here on another thread may take it.
      scheduler_.runtime_.resting_carriers_.put(left);
      return;
    }
    // Where there is but one thread, it stays on the list of that thread's fibers.
    if (!scheduler_.is_alone_) boost_->detach_worker_context(left.record->context);
    runnable& job = *left.job;
    job.carrier_ = &left;
    // From a confirmed park on, another thread may run it: neither it nor its carrier may be touched then.
    if (why == carrier::leaving::parks) {
      if (job.commit_park()) return;
      if (job.carrier_ == nullptr) {
        if (scheduler_.is_alone_) boost_->detach_worker_context(left.record->context);
        scheduler_.runtime_.keep_abandoned(left);
      }
    }
    scheduler_.queue_.push(job);
  }

  // Who runs next, with the state of its exceptions in its place.
  fiber_record* switch_record() noexcept {
    fiber_record* next = choose();
    if (next == nullptr) return nullptr;
    exceptions_.exchange(current_->exceptions, next->exceptions);
    current_ = next;
    return next;
  }

  fiber_record* choose() noexcept {
    const auto turn = ++scheduler_.turns_;
    // Mostly there is nothing to be done but this.
    if (turn % turns_between_timers != 0 && turn - scheduler_.housekept_ < turns_between_housekeeping &&
        !scheduler_.in_order_ && woken_by_boost_.empty()) {
      runnable* ready = std::exchange(scheduler_.preselected_, nullptr);
      if (ready == nullptr) ready = scheduler_.queue_.pop();
      if (ready != nullptr) {
        if (carrier* on = scheduler_.fiber_for(*ready)) return on->record;
      }
    }
    if (const auto counted = scheduler_.counted_turns();
        counted - scheduler_.housekept_ >= turns_between_housekeeping) {
      scheduler_.housekept_ = counted;
      scheduler_.runtime_.take_care(scheduler_);
      // Also a thread that is never idle sees to those who wait where a turn does not end.
      if (runnable* held_up = scheduler_.runtime_.look_at_others(scheduler_)) scheduler_.queue_.push(*held_up);
      if (fiber_record* dispatcher = take(dispatcher_ready_, dispatcher_record_)) return dispatcher;
    }
    scheduler_.look_after_timers();
    if (!woken_by_boost_.empty() && (turn % 2 == 0 || scheduler_.queue_.is_empty())) {
      fiber_record* woken = woken_by_boost_.front();
      woken_by_boost_.pop_front();
      this_thread().running = woken->carried != nullptr ? woken->carried->job : nullptr;
      return woken;
    }
    if (runnable* ready = scheduler_.next_runnable()) {
      if (carrier* on = scheduler_.fiber_for(*ready)) return on->record;
    }
    this_thread().running = nullptr;
    // Not while it is still on its way to suspend: a thread may start so late that the runtime stops already.
    if (main_waits_ && current_ != &main_record_ && scheduler_.runtime_.stopping_.load(std::memory_order_acquire)) {
      main_waits_ = false;
      return &main_record_;
    }
    if (fiber_record* dispatcher = take(dispatcher_ready_, dispatcher_record_)) return dispatcher;
    return take(main_ready_, main_record_);
  }

  static fiber_record* take(context*& ready, fiber_record& record) noexcept {
    if (ready == nullptr) return nullptr;
    record.context = std::exchange(ready, nullptr);
    return &record;
  }

  scheduler& scheduler_;
  boost::fibers::scheduler* const boost_;
  const thread_exceptions exceptions_;
  carrier* left_ = nullptr;  // stands still, and nobody has seen to it yet
  context* dispatcher_ready_ = nullptr;
  context* main_ready_ = nullptr;
  bool main_waits_ = false;
  fiber_record dispatcher_record_{nullptr};
  fiber_record main_record_{nullptr};
  fiber_record* current_ = &main_record_;
  std::deque<fiber_record*> woken_by_boost_;
};

scheduler::scheduler(runtime& of, unsigned index, bool is_alone)
    : runtime_{of},
      index_{index},
      is_alone_{is_alone},
      in_order_{of.settings().virtual_time || of.settings().seed.has_value()},
      turns_without_timers_{in_order_ ? 0 : turns_between_timers - 1},
      draw_{of.settings().seed.value_or(0)} {}

scheduler::~scheduler() = default;

const carrier* scheduler::carrier_here() const noexcept {
  const auto* record = static_cast<fiber_record*>(context::active()->get_properties());
  return record != nullptr ? record->carried : nullptr;
}

glimpse scheduler::look() const noexcept {
  const thread_state* const state = state_.load(std::memory_order_acquire);
  return state != nullptr ? glimpse{state->running, turns_} : glimpse{};
}

void scheduler::run() {
#ifdef PR_SET_TIMERSLACK
  // By default the kernel may let a sleeper wait 50 us longer, to wake others with it.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
#endif
  const handler_stack for_signals;
  this_thread().here = this;
  this_thread().own_queue = in_order_ ? nullptr : &queue_;
  this_thread().sleeping = &runtime_.sleeping_;
  state_.store(&this_thread(), std::memory_order_release);
  auto* boost = context::active()->get_scheduler();
  auto* made = new algorithm{*this, *boost};
  algorithm_ = made;
  boost->set_algo(boost::fibers::algo::algorithm::ptr_t{made});
  made->wait_for_stop();
  end_carriers();
  state_.store(nullptr, std::memory_order_release);
  this_thread().here = nullptr;
  this_thread().own_queue = nullptr;
  this_thread().sleeping = nullptr;
  this_thread().running = nullptr;
}

void scheduler::end_carriers() {
  for (unsigned i = 0; i < stack_classes; ++i) {
    while (carrier* own = resting_[i].pop()) {
      own->record->context->detach();
      end(*own);
    }
    while (carrier* left = runtime_.resting_carriers_.take(i)) end(*left);
  }
  resting_count_.store(0, std::memory_order_relaxed);
  // The carriers end, then the dispatcher frees them, then it is this fiber's turn again.
  constexpr int enough_rounds = 3;
  for (int round = 0; round < enough_rounds; ++round) context::active()->yield();
}

// What rests holds nothing but itself: its stack can be taken from under it. To let it run to its end costs thirty
// times as much, and a million of them want to be gone within a second. But ThreadSanitizer has to see each one end.
void scheduler::end(carrier& unneeded) {
  runtime_.caretaker_.carrier_ends();
#if defined(__SANITIZE_THREAD__)
  unneeded.quits = true;
  context::active()->attach(unneeded.record->context);
  algorithm_->make_ready(unneeded);
#else
  runtime_.stacks().deallocate(unneeded.memory);
  delete unneeded.record;
  delete &unneeded;
  runtime_.caretaker_.carrier_has_ended();
#endif
}

bool scheduler::keep(carrier& idle) noexcept {
  carrier_list& kept = resting_[idle.stack_class];
  if (kept.size() == most_kept) return false;
  kept.push(idle);
  resting_count_.store(resting_count() + 1, std::memory_order_relaxed);
  return true;
}

carrier* scheduler::take_resting(unsigned stack_class) noexcept {
  if (carrier* const own = resting_[stack_class].pop()) {
    resting_count_.store(resting_count() - 1, std::memory_order_relaxed);
    return own;
  }
  carrier* const shared = runtime_.resting_carriers_.take(stack_class);
  if (shared != nullptr) algorithm_->attach(*shared->record->context);
  return shared;
}

// In virtual time what is done once in so many turns depends on those that somebody had, not on how often an idle
// thread had looked around before: when a timer fires, and whether who leaves has come to rest before the next one is
// chosen, are a matter of the order.
std::uint32_t scheduler::counted_turns() const noexcept {
  return runtime_.is_virtual() ? given_ : std::uint32_t{turns_};
}

void scheduler::look_after_timers() noexcept {
  // Once before each choice of who is next.
  if (preselected_ != nullptr || counted_turns() % turns_between_timers != 0) return;
  this_thread().running = nullptr;  // what a timer does, nobody does
  runtime_.fire_due(*this);
}

runnable* scheduler::next_runnable() noexcept {
  if (preselected_ != nullptr) return std::exchange(preselected_, nullptr);
  if (runtime_.settings().seed) {
    while (runnable* injected = runtime_.take_injected()) queue_.push(*injected);
    const std::size_t waiting = std::min(queue_.size(), most_to_draw_from);
    if (waiting == 0) return nullptr;
    ++given_;
    draw_ += splitmix_step;
    return queue_.pop_at(splitmix(draw_) % waiting);
  }
  if (turns_ % turns_between_timers == 0) {
    if (runnable* injected = runtime_.take_injected()) return injected;
  }
  if (runnable* own = queue_.pop()) {
    ++given_;
    return own;
  }
  if (runnable* injected = runtime_.take_injected()) return injected;
  return runtime_.steal(*this);
}

// Inline, and in most turns nothing but a look into the queue: each message to a server passes here.
[[gnu::always_inline]] inline runnable* scheduler::next_for(carrier& serving, thread_state& thread) noexcept {
  runnable* next = nullptr;
  if ((++turns_ & turns_without_timers_) != 0 && preselected_ == nullptr) [[likely]] {
    next = queue_.pop();
  }
  if (next == nullptr) [[unlikely]] {
    if (counted_turns() - housekept_ >= turns_between_housekeeping) return nullptr;
    look_after_timers();
    next = next_runnable();
    if (next == nullptr) return nullptr;
  }
  if (next->carrier_ == nullptr && next->stack_class() == serving.stack_class) [[likely]] {
    thread.running = next;
    return next;
  }
  preselected_ = next;
  return nullptr;
}

carrier* scheduler::fiber_for(runnable& ready) noexcept {
  carrier* on = std::exchange(ready.carrier_, nullptr);
  if (on != nullptr) {
    if (!is_alone_) algorithm_->attach(*on->record->context);
  } else {
    on = take_resting(ready.stack_class());
    if (on == nullptr) {
      try {
        on = make_carrier(ready.stack_size());
      } catch (const std::bad_alloc&) {
        // Nothing is lost: it waits until a fiber becomes free or memory does.
        queue_.push(ready);
        return nullptr;
      }
    }
    on->job = &ready;
  }
  this_thread().running = &ready;
  return on;
}

carrier* scheduler::make_carrier(std::size_t stack_size) {
  auto owned = std::make_unique<carrier>(stack_class_of(stack_size));
  carrier* made = owned.get();
  auto fiber = boost::fibers::make_worker_context_with_properties(
      boost::fibers::launch::post, nullptr,
      pooled_stack_allocator{runtime_.stacks(), stack_size, made->memory, runtime_.care()},
      [owned = std::move(owned)]() { owned->serve(); });
  auto* record = new fiber_record{fiber.get()};
  fiber->set_properties(record);
  record->carried = made;
  made->record = record;
  algorithm_->attach(*fiber);
  return made;
}

void scheduler::leave(carrier::leaving why) noexcept {
  here()->algorithm_->leave(why);
  // Perhaps on another thread now.
  here()->algorithm_->arrived();
}

void carrier::serve() {
  while (!quits) {
    while (job != nullptr) {
      runnable& served = *job;
      const bool goes_on = served.take_turn() == runnable::turn_result::again;
      // Perhaps another one than before.
      thread_state& thread = scheduling::this_thread();
      if (goes_on) [[unlikely]] {
        thread.here->queue().push(served);
      }
      job = thread.here->next_for(*this, thread);
    }
    this_thread().running = nullptr;
    scheduler::leave(leaving::idles);
  }
  record->carried = nullptr;
}

}  // namespace coppice::scheduling
