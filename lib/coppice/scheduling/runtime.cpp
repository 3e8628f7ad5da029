#include <algorithm>
#include <stdexcept>
#include <string>

#include <coppice/scheduling/object_pool.hpp>
#include <coppice/scheduling/runtime.hpp>
#include <coppice/scheduling/scheduler.hpp>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

namespace coppice::scheduling {

namespace {

// Looking around for work this often costs a few microseconds, waking a sleeping thread costs more.
constexpr int spins_before_sleep = 200;

// How old a deferred timer becomes before it is started. One whose time is not much longer is started at once.
constexpr std::chrono::milliseconds youth{1};
// A thread that works looks no more often at what others write all the time: a look takes the line out of their caches.
constexpr std::chrono::microseconds between_looks{20};

// How long a busy thread may keep others waiting in its queue, at most, while a thread sleeps.
constexpr std::chrono::milliseconds watch_interval{2};

// How often the one that watches looks up while all sleep, before it sleeps as well. Who wakes up meanwhile need not
// wake it.
constexpr int most_quiet_looks = 5;

void relax() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// What stands on a lost stack is lost on purpose, with all that it refers to: a leak checker is to know.
#if defined(__SANITIZE_ADDRESS__)
[[gnu::no_sanitize_address]] void report_no_leak_of(const stack& lost) noexcept {
  const auto* const end = static_cast<void* const*>(lost.top);
  for (const auto* each = end - lost.size / sizeof(void*); each != end; ++each) __lsan_ignore_object(*each);
}
#else
void report_no_leak_of(const stack& /*lost*/) noexcept {}
#endif

unsigned thread_count(const options& wanted) {
  if (wanted.virtual_time || wanted.seed) {
    if (wanted.threads > 1) {
      throw std::invalid_argument("coppice: virtual time and seeded scheduling need one scheduler thread, not " +
                                  std::to_string(wanted.threads) + "; leave out `threads` or set it to 1");
    }
    return 1;
  }
  if (wanted.threads != 0) return wanted.threads;
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

runtime::runtime(options wanted)
    : options_{std::move(wanted)}, stacks_{stack_pool::options{.guard = options_.guard, .notice = options_.notice}} {
  if (options_.virtual_time) {
    auto made = std::make_unique<virtual_clock>();
    virtual_clock_ = made.get();
    clock_ = std::move(made);
  } else {
    clock_ = std::make_unique<real_clock>();
  }
  tick_clock_.emplace(now());
  in_order_ = options_.virtual_time || options_.seed.has_value();
  const unsigned count = thread_count(options_);
  for (unsigned i = 0; i < count; ++i) schedulers_.push_back(std::make_unique<scheduler>(*this, i, count == 1));
  if (count == 1) {
    schedulers_.front()->queue().make_private();
    schedulers_.front()->deferred().make_private();
  } else {
    for (auto& each : schedulers_) each->queue().give_owner();
  }
  near_clocks_.reserve(count);
  for (unsigned i = 0; i < count; ++i) near_clocks_.emplace_back(*clock_, !is_virtual());
  for (unsigned i = 0; i <= count; ++i) {
    timers_.push_back(count == 1 && i == 0 ? std::make_unique<timer_queue>(*schedulers_.front())
                                           : std::make_unique<timer_queue>());
  }
}

runtime::~runtime() {
  stop();
  // Of a fiber that was given up its stack alone is lost: nothing will resume it now.
  for (const carrier* each : abandoned_carriers_) {
    delete each->record;
    delete each;
  }
}

void runtime::start() {
  stopping_.store(false, std::memory_order_relaxed);
  if (options_.report_overflow != nullptr) overflows_.emplace(options_.report_overflow);
  for (auto& each : schedulers_) threads_.emplace_back([&each] { each->run(); });
  if (oversee_hook_) overseer_ = std::thread{[this] { run_overseer(); }};
}

void runtime::stop() {
  if (threads_.empty()) return;
  blocking_.stop();
  stopping_.store(true, std::memory_order_release);
  wake_all();
  if (overseer_.joinable()) {
    overseer_wakes_.notify_one();
    overseer_.join();
  }
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  overflows_.reset();
}

void runtime::wake(runnable& ready) noexcept {
  scheduler* const here = scheduler::here();
  if (here == nullptr || &here->owner() != this || ready.runs_elsewhere()) [[unlikely]] {
    wake_elsewhere(ready);
    return;
  }
  run_queue& queue = here->queue();
  if (in_order_) [[unlikely]] {
    queue.push(ready);
    return;
  }
  // One that waits alone is served by this thread sooner than by a thread that has to wake up first.
  runnable* const before = queue.push_first(ready);
  if (before == nullptr && queue.size() == 0) return;
  if (before != nullptr) queue.push(*before);
  if (sleeping_.load(std::memory_order_relaxed) != 0) wake_one();
}

void runtime::wake_elsewhere(runnable& ready) noexcept {
  if (ready.runs_elsewhere()) {
    ready.wake_elsewhere();
    return;
  }
  injected_.push(ready);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_relaxed) != 0) wake_one();
}

void runtime::park() noexcept {
  scheduler::leave(carrier::leaving::parks);
}

void runtime::yield() noexcept {
  scheduler::leave(carrier::leaving::yields);
}

std::size_t runtime::resident_stack_bytes() const noexcept {
  const scheduler* here = scheduler::here();
  const carrier* on = here != nullptr ? here->carrier_here() : nullptr;
  return on != nullptr ? stacks_.resident_bytes(on->memory) : 0;
}

time_point runtime::timer_now() noexcept {
  const scheduler* here = scheduler::here();
  return here != nullptr && &here->runtime_ == this ? near_clocks_[here->index()].now() : now();
}

// Of a time that is short, two microseconds are a part that can be felt: who waits for nothing waits for nothing.
time_point runtime::timer_deadline_after(std::chrono::nanoseconds time) noexcept {
  return after(time < 2 * youth ? now() : timer_now(), time);
}

timer runtime::start_timer(time_point deadline, timer_action&& action, std::uint64_t owner) {
  const scheduler* here = scheduler::here();
  if (here != nullptr && &here->runtime_ == this) {
    return timer{timers_[here->index()]->start(deadline, std::move(action), owner), here->index()};
  }
  const auto shard = static_cast<std::uint32_t>(schedulers_.size());
  const auto before = timers_[shard]->next_deadline();
  const timer made{timers_[shard]->start(deadline, std::move(action), owner), shard};
  // Any scheduler thread fires these: those that sleep must learn of an earlier deadline.
  if (!before || deadline < *before) wake_all();
  return made;
}

void runtime::prefetch(timer wanted) const noexcept {
  if (wanted && wanted.shard < timers_.size()) timers_[wanted.shard]->prefetch(wanted.id);
}

bool runtime::cancel_timer(timer cancelled) {
  return cancelled && cancelled.shard < timers_.size() && timers_[cancelled.shard]->cancel(cancelled.id);
}

bool runtime::is_pending(timer asked) const {
  return asked && asked.shard < timers_.size() && timers_[asked.shard]->is_pending(asked.id);
}

void runtime::cancel_timers_of(std::uint64_t owner) {
  for (auto& shard : timers_) shard->cancel_all_of(owner);
}

std::size_t runtime::pending_timers() const {
  std::size_t sum = 0;
  for (const auto& shard : timers_) sum += shard->size();
  return sum;
}

std::size_t runtime::stacks_in_use() const {
  std::size_t resting = resting_carriers_.size() + caretaker_.ending();
  for (const auto& each : schedulers_) resting += each->resting_count();
  const std::size_t all = stacks_.stats().in_use;
  return all > resting ? all - resting : 0;
}

time_point runtime::deadline_of(const deferred_timer& of) const noexcept {
  if (is_virtual()) return deadline_after(of.time_);
  const auto passed = tick_clock_->since(of.began_, now());
  return deadline_after(of.time_ - std::min(of.time_, passed));
}

void runtime::start_deferred(deferred_timer& young) {
  scheduler* const here = scheduler::here();
  if (is_virtual() || here == nullptr || &here->runtime_ != this || young.time_ <= 2 * youth) {
    young.timer_ = start_timer(deadline_of(young), young.action());
    young.started_ = true;
  } else {
    here->deferred().add(young);
  }
}

void runtime::cancel_deferred(deferred_timer& over) {
  const timer started = over.list_ != nullptr ? over.list_->remove(over) : over.timer_;
  if (started) cancel_timer(started);
}

// Of all threads, so that one with a long turn holds up nobody's timers.
void runtime::start_old_timers(scheduler& of, std::optional<time_point>& at) {
  const std::uint64_t oldest = of.deferred().oldest();
  if (oldest == 0) return;
  if (!at) at = now();
  const auto is_old = [&](std::uint64_t began) { return tick_clock_->since(began, *at) >= youth; };
  if (!is_old(oldest)) return;
  of.deferred().start_old(is_old, [this](deferred_timer& old) { return start_timer(deadline_of(old), old.action()); });
}

void runtime::start_all_timers(scheduler& of) {
  if (of.deferred().oldest() == 0) return;
  of.deferred().start_old([](std::uint64_t) { return true; },
                          [this](deferred_timer& each) { return start_timer(deadline_of(each), each.action()); });
}

bool runtime::fire_due() {
  std::optional<time_point> at;
  if (!is_virtual()) {
    for (auto& each : schedulers_) start_old_timers(*each, at);
  }
  return fire_due_at(at);
}

bool runtime::fire_due(scheduler& busy) {
  std::optional<time_point> at;
  if (!is_virtual()) start_old_timers(busy, at);
  return fire_due_at(at);
}

bool runtime::fire_due_at(std::optional<time_point>& at) {
  bool any = false;
  for (auto& shard : timers_) {
    const auto next = shard->next_deadline_bound();
    if (next == time_point::max()) continue;
    if (!at) at = now();
    if (next <= *at) any = shard->fire_due(*at) != 0 || any;
  }
  return any;
}

std::optional<time_point> runtime::next_deadline() const {
  std::optional<time_point> earliest;
  for (const auto& shard : timers_) {
    const auto next = shard->next_deadline();
    if (next && (!earliest || *next < *earliest)) earliest = next;
  }
  return earliest;
}

bool runtime::advance_to_next_timer() {
  const auto next = next_deadline();
  if (!next) return false;
  virtual_clock_->advance_to(*next);
  fire_due();
  return true;
}

runnable* runtime::steal(scheduler& thief) noexcept {
  const std::size_t count = schedulers_.size();
  for (std::size_t i = 1; i < count; ++i) {
    scheduler& other = *schedulers_[(thief.index() + i) % count];
    if (runnable* got = other.queue().steal_half(thief.queue())) return got;
  }
  return rescue(thief);
}

runnable* runtime::look_at_others(scheduler& busy) {
  if (schedulers_.size() == 1) return nullptr;
  const time_point at = timer_now();
  if (at - busy.looked_at_others_ < between_looks) return nullptr;
  busy.looked_at_others_ = at;
  std::optional<time_point> exactly;
  for (auto& each : schedulers_) start_old_timers(*each, exactly);
  return rescue(busy);
}

runnable* runtime::rescue(scheduler& by) noexcept {
  const std::size_t count = schedulers_.size();
  for (std::size_t i = 1; i < count; ++i) {
    scheduler& other = *schedulers_[(by.index() + i) % count];
    // In the same turn as at the last look: it may be long before it comes to those that wait there.
    const std::uint32_t turn = other.turns_;
    const bool is_held_up = other.turn_seen_ == turn;
    other.turn_seen_ = turn;
    if (!is_held_up) continue;
    if (runnable* got = other.queue().steal_half(by.queue())) return got;
    if (runnable* got = other.queue().steal_next()) return got;
  }
  return nullptr;
}

bool runtime::work_waits() const noexcept {
  if (injected_.size() != 0) return true;
  return std::any_of(schedulers_.begin(), schedulers_.end(),
                     [](const auto& each) { return each->queue().size() != 0; });
}

void runtime::idle(scheduler& idler, time_point at_most) {
  if (is_virtual()) {
    idle_in_virtual_time(idler);
    return;
  }
  if (fire_due() || work_waits() || take_care(idler)) return;
  if (schedulers_.size() > 1) {
    for (int i = 0; i < spins_before_sleep; ++i) {
      if (work_waits() || stopping_.load(std::memory_order_relaxed)) return;
      relax();
    }
  }
  if (caretaker_.is_soon_after_mass_death(now())) hand_out_blocks();
  start_all_timers(idler);
  std::optional<time_point> until = next_deadline();
  if (at_most != time_point::max() && (!until || at_most < *until)) until = at_most;
  if (caretaker_.has_work()) {
    // Another thread may be at it right now.
    const time_point look = std::max(caretaker_.due(), now() + std::chrono::milliseconds{1});
    if (!until || look < *until) until = look;
  }
  sleep(idler, until);
  // From now on this thread may be busy for long.
  if (schedulers_.size() > 1 && (fire_due() || work_waits())) have_watched();
}

// True: there are carriers now that come to their end.
bool runtime::take_care(scheduler& by) {
  if (is_virtual() || stopping_.load(std::memory_order_relaxed)) return false;
  carrier_list unneeded;
  if (caretaker_.has_work()) {
    const unsigned before = caretaker_.mass_deaths();
    unneeded = caretaker_.work(now());
    if (caretaker_.mass_deaths() != before) wake_all();  // each is to hand out its own
  }
  if (const unsigned seen = caretaker_.mass_deaths(); seen != by.mass_deaths_) {
    by.mass_deaths_ = seen;
    hand_out_blocks();
  }
  const bool any = unneeded.size() != 0;
  while (carrier* const each = unneeded.pop()) by.end(*each);
  return any;
}

void runtime::hand_out_blocks() noexcept {
  if (hand_out_hook_) hand_out_hook_();
  if (detail::release_all_cached_blocks()) caretaker_.blocks_handed_out();
}

void runtime::idle_in_virtual_time(scheduler& idler) {
  // What is due now can run.
  if (fire_due() || work_waits()) return;
  if (idle_hook_ && idle_hook_()) return;
  if (advance_to_next_timer()) return;
  if (stuck_hook_ && stuck_hook_()) return;
  sleep(idler, std::nullopt);
}

void runtime::sleep(scheduler& sleeper, std::optional<time_point> until) {
  std::unique_lock hold{sleep_lock_};
  sleeper.is_roused_ = false;
  sleepers_.push_back(&sleeper);
  sleeping_.store(sleepers_.size(), std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // Whoever pushed before it could see us asleep: we must see what it pushed.
  if (!work_waits() && !stopping_.load(std::memory_order_relaxed)) {
    // While others work, one of the sleepers looks after their queues and timers: a long turn holds up nobody else.
    quiet_looks_ = sleepers_.size() < schedulers_.size() ? 0 : quiet_looks_ + 1;
    bool watches = false;
    if (!watched_ && schedulers_.size() > 1 && quiet_looks_ <= most_quiet_looks) {
      watches = watched_ = true;
      const auto look = std::chrono::steady_clock::now() + watch_interval;
      if (!until || look < *until) until = look;
    }
    const auto roused = [&sleeper] { return sleeper.is_roused_; };
    if (until) {
      sleeper.roused_.wait_until(hold, *until, roused);
    } else {
      sleeper.roused_.wait(hold, roused);
    }
    if (watches) watched_ = false;
  }
  std::erase(sleepers_, &sleeper);
  sleeping_.store(sleepers_.size(), std::memory_order_relaxed);
  if (overseer_rests_) {
    overseer_rests_ = false;
    overseer_wakes_.notify_one();
  }
}

bool runtime::rests() const {
  const std::lock_guard hold{sleep_lock_};
  return all_rest();
}

glimpse runtime::look_at(unsigned thread) const noexcept {
  return schedulers_[thread]->look();
}

void runtime::run_overseer() {
  std::unique_lock hold{sleep_lock_};
  const auto is_over = [this] { return stopping_.load(std::memory_order_relaxed); };
  while (!is_over()) {
    overseer_rests_ = all_rest();
    if (overseer_rests_) {
      overseer_wakes_.wait(hold, [&] { return !overseer_rests_ || is_over(); });
    } else if (!overseer_wakes_.wait_for(hold, oversee_interval_, is_over)) {
      hold.unlock();
      oversee_hook_();
      hold.lock();
    }
  }
}

// A thread begins to work. Those that went to sleep while all slept would not see that it is busy for long.
void runtime::have_watched() noexcept {
  const std::lock_guard hold{sleep_lock_};
  quiet_looks_ = 0;
  if (!watched_) rouse_one();
}

void runtime::wake_one() noexcept {
  const std::lock_guard hold{sleep_lock_};
  rouse_one();
}

// Under the lock.
void runtime::rouse_one() noexcept {
  if (sleepers_.empty()) return;
  scheduler* chosen = sleepers_.back();
  sleepers_.pop_back();
  sleeping_.store(sleepers_.size(), std::memory_order_relaxed);
  chosen->is_roused_ = true;
  chosen->roused_.notify_one();
}

void runtime::wake_all() noexcept {
  const std::lock_guard hold{sleep_lock_};
  for (scheduler* each : sleepers_) {
    each->is_roused_ = true;
    each->roused_.notify_one();
  }
  sleepers_.clear();
  sleeping_.store(0, std::memory_order_relaxed);
}

void runtime::keep_abandoned(carrier& left) {
  report_no_leak_of(left.memory);
  abandoned_.fetch_add(1, std::memory_order_relaxed);
  const std::lock_guard hold{sleep_lock_};
  abandoned_carriers_.push_back(&left);
}

}  // namespace coppice::scheduling
