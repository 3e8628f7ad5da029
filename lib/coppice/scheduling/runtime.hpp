#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include <coppice/scheduling/blocking_pool.hpp>
#include <coppice/scheduling/caretaker.hpp>
#include <coppice/scheduling/carrier_depot.hpp>
#include <coppice/scheduling/clock.hpp>
#include <coppice/scheduling/deferred_timer.hpp>
#include <coppice/scheduling/near_clock.hpp>
#include <coppice/scheduling/overflow_watch.hpp>
#include <coppice/scheduling/run_queue.hpp>
#include <coppice/scheduling/stack_pool.hpp>
#include <coppice/scheduling/stall_watch.hpp>
#include <coppice/scheduling/this_thread.hpp>
#include <coppice/scheduling/timer_queue.hpp>

namespace coppice::scheduling {

class scheduler;

/// How a runtime is set up.
struct options {
  /// Scheduler threads; 0: one for each processor.
  unsigned threads = 0;
  /// A clock that moves only when nothing else can happen; needs `threads` 0 or 1.
  bool virtual_time = false;
  /// Who runs next is drawn with this seed instead of first come, first served; needs `threads` 0 or 1.
  std::optional<std::uint64_t> seed;
  stack_pool::guard guard = stack_pool::guard::automatic;
  /// Told when a stack overflows. Null: nobody is.
  overflow_reporter report_overflow = nullptr;
  /// Told, once each, of what the runtime has to do differently here (stacks without guards). Any thread.
  std::function<void(std::string_view)> notice;
};

/// The scheduler threads, their clock, timers and stacks. Gives turns to `runnable`s and knows nothing of processes.
///
/// Starts its threads in `start`, ends them in `stop`, and leaves nothing behind. Everything that was woken must have
/// ended before `stop`.
///
/// Threads: every function may be called from any thread, unless it says otherwise.
class runtime {
 public:
  explicit runtime(options);
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  ~runtime();

  void start();
  void stop();

  /// Lets `ready` have a turn. Called once for each time it came to rest.
  void wake(runnable& ready) noexcept;

  /// The same on the runtime of the calling thread, where that is soon done. False: nothing has been done.
  static bool wake_quickly(runnable& ready) noexcept {
    const thread_state& thread = this_thread();
    run_queue* const own = thread.own_queue;
    if (own == nullptr || ready.runs_elsewhere()) return false;
    // Those that wait may be served by a thread that sleeps.
    if (own->size() != 0 && thread.sleeping->load(std::memory_order_relaxed) != 0) return false;
    return own->push_first_alone(ready);
  }

  /// Suspends the calling fiber, and with it the runnable that has its turn on it, until that is woken.
  /// On the scheduler's fibers only.
  void park() noexcept;

  /// Lets all others that wait have their turn first. On the scheduler's fibers only.
  void yield() noexcept;

  /// The runnable that has its turn on this thread; null on a thread that is none of the scheduler's.
  static runnable* running() noexcept { return this_thread().running; }

  time_point now() const noexcept { return clock_->now(); }
  /// The point in time that is so far away; one that the clock cannot hold is the end of time.
  template <class Rep, class Period>
  time_point deadline_after(std::chrono::duration<Rep, Period> time) const noexcept {
    return after(now(), time);
  }
  /// The same for a timer, up to `near_clock::most_late` later if it is far away; costs less.
  time_point timer_deadline_after(std::chrono::nanoseconds time) noexcept;
  /// The present for who asks how far a timer's deadline is: never early, and no later than `near_clock::most_late`.
  time_point timer_now() noexcept;
  /// By how much two readings of `timer_now` may be in the wrong order, on different threads.
  std::chrono::nanoseconds timer_now_slack() const noexcept {
    return is_virtual() ? std::chrono::nanoseconds{0} : near_clock::most_late;
  }
  bool is_virtual() const noexcept { return virtual_clock_ != nullptr; }
  unsigned threads() const noexcept { return static_cast<unsigned>(schedulers_.size()); }
  const options& settings() const noexcept { return options_; }

  timer start_timer(time_point deadline, timer_action&& action, std::uint64_t owner = 0);
  void prefetch(timer) const noexcept;
  /// False: it was not pending any more.
  bool cancel_timer(timer);
  bool is_pending(timer) const;
  void cancel_timers_of(std::uint64_t owner);
  std::size_t pending_timers() const;

  /// Starts one that was made on this thread, or at once a timer in its place: in virtual time, where all is to happen
  /// at its own time, on a thread that is none of the scheduler's, and for a time so short that it may not wait.
  void start_deferred(deferred_timer&);
  void cancel_deferred(deferred_timer&);

  /// Bytes of the calling fiber's stack that are really in use. 0 elsewhere.
  std::size_t resident_stack_bytes() const noexcept;

  /// Stacks that something runs on, or is parked on. Exact in virtual time, for who has the turn.
  std::size_t stacks_in_use() const;

  stack_pool& stacks() noexcept { return stacks_; }
  blocking_pool& blocking() noexcept { return blocking_; }

  /// In virtual time: asked when nothing can run, before the clock moves to the next timer. Returns true when it made
  /// something runnable, which then comes before the clock moves. Set before `start`.
  void when_idle(std::function<bool()> hook) { idle_hook_ = std::move(hook); }

  /// In virtual time: asked when nothing can run and no timer is pending, so that only another thread could go on.
  /// Returns true when it made something runnable. Set before `start`.
  void when_stuck(std::function<bool()> hook) { stuck_hook_ = std::move(hook); }

  /// Called now and then, on a thread of its own, while any scheduler thread is awake; costs nothing while all sleep.
  /// Must not throw. Set before `start`, in real time.
  void oversee(std::chrono::nanoseconds interval, std::function<void()> hook) {
    oversee_interval_ = interval;
    oversee_hook_ = std::move(hook);
  }

  /// In virtual time: moves the clock to the next timer and fires what is due. False when no timer is pending.
  bool advance_to_next_timer();

  /// After a mass death: called on each scheduler thread, to give back what it keeps at hand. Set before `start`.
  void when_handing_out(std::function<void()> hook) { hand_out_hook_ = std::move(hook); }

  /// Gives memory back when it has not been needed for a while. In virtual time, where no while passes, never.
  caretaker& care() noexcept { return caretaker_; }

  /// Whether anything waits for its turn. Exact in virtual time, for who has the turn.
  bool work_waits() const noexcept;

  /// What a scheduler thread is seen to do. Any thread, between `start` and `stop`.
  glimpse look_at(unsigned thread) const noexcept;

  /// How many threads sleep, and whether all do and none of them looks up now and then.
  std::size_t asleep() const noexcept { return sleeping_.load(std::memory_order_relaxed); }
  bool rests() const;

  /// Fibers that were given up with their stacks, because what ran on them would not end.
  std::size_t abandoned() const noexcept { return abandoned_.load(std::memory_order_relaxed); }

 private:
  friend class scheduler;
  friend class carrier;

  template <class Rep, class Period>
  static time_point after(time_point present, std::chrono::duration<Rep, Period> time) noexcept {
    using given = std::chrono::duration<Rep, Period>;
    if (time >= std::chrono::duration_cast<given>(time_point::max() - present)) return time_point::max();
    return present + std::chrono::duration_cast<std::chrono::nanoseconds>(time);
  }

  void wake_elsewhere(runnable& ready) noexcept;
  bool fire_due();
  /// The same, but for what the other threads' young timers have come to: `look_at_others` sees to these.
  bool fire_due(scheduler& busy);
  bool fire_due_at(std::optional<time_point>& at);
  void start_old_timers(scheduler& of, std::optional<time_point>& at);
  void start_all_timers(scheduler& of);
  time_point deadline_of(const deferred_timer&) const noexcept;
  std::optional<time_point> next_deadline() const;
  runnable* steal(scheduler& thief) noexcept;
  /// From a thread that has not got on since somebody last looked.
  runnable* rescue(scheduler& by) noexcept;
  /// Once in a while, on a thread that is never idle: starts the timers of threads whose turn is long, and `rescue`.
  runnable* look_at_others(scheduler& busy);
  runnable* take_injected() noexcept { return injected_.pop(); }
  void idle(scheduler&, time_point at_most);
  void idle_in_virtual_time(scheduler&);
  bool take_care(scheduler&);
  void hand_out_blocks() noexcept;
  void sleep(scheduler&, std::optional<time_point> until);
  void run_overseer();
  bool all_rest() const noexcept { return sleepers_.size() == schedulers_.size() && !watched_; }
  void rouse_one() noexcept;
  void have_watched() noexcept;
  void wake_one() noexcept;
  void wake_all() noexcept;
  void keep_abandoned(carrier& left);

  options options_;
  std::unique_ptr<clock> clock_;
  virtual_clock* virtual_clock_ = nullptr;
  std::optional<tick_clock> tick_clock_;
  bool in_order_ = false;  // first come, first served: what a simulation does must not depend on more
  stack_pool stacks_;
  blocking_pool blocking_;
  std::vector<std::unique_ptr<scheduler>> schedulers_;
  std::vector<std::thread> threads_;
  std::vector<near_clock> near_clocks_;               // one a scheduler, for its thread
  std::vector<std::unique_ptr<timer_queue>> timers_;  // one a scheduler; the last for all other threads
  carrier_depot resting_carriers_;
  std::optional<overflow_watch> overflows_;  // from `start` to `stop`
  caretaker caretaker_{resting_carriers_, stacks_};
  run_queue injected_;  // woken by other threads than the scheduler's
  std::function<bool()> idle_hook_;
  std::function<bool()> stuck_hook_;
  std::function<void()> hand_out_hook_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> abandoned_{0};
  std::vector<carrier*> abandoned_carriers_;

  // Who sleeps: under `sleep_lock_`, the number also without it.
  mutable std::mutex sleep_lock_;
  std::vector<scheduler*> sleepers_;
  std::atomic<std::size_t> sleeping_{0};
  bool watched_ = false;  // one of the sleepers looks up now and then, while others work
  int quiet_looks_ = 0;   // how often it has done so in vain while all slept, one after the other

  std::chrono::nanoseconds oversee_interval_{0};
  std::function<void()> oversee_hook_;
  std::thread overseer_;
  std::condition_variable overseer_wakes_;
  bool overseer_rests_ = false;  // under `sleep_lock_`
};

}  // namespace coppice::scheduling
