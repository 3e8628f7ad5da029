#pragma once

// Private to this room: pulls in Boost.Fiber.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <vector>

#include <boost/fiber/context.hpp>
#include <boost/fiber/properties.hpp>

#include <coppice/scheduling/carrier_depot.hpp>
#include <coppice/scheduling/exception_state.hpp>
#include <coppice/scheduling/run_queue.hpp>
#include <coppice/scheduling/runtime.hpp>
#include <coppice/scheduling/seen_by_others.hpp>
#include <coppice/scheduling/stall_watch.hpp>
#include <coppice/scheduling/this_thread.hpp>

namespace coppice::scheduling {

/// What is kept for each fiber that our algorithm switches to, also for those that are not ours.
struct fiber_record : boost::fibers::fiber_properties {
  explicit fiber_record(boost::fibers::context* of) noexcept : fiber_properties{of}, context{of} {}

  boost::fibers::context* context;
  carrier* carried = nullptr;  // null for a fiber that is not one of our carriers
  exception_state exceptions;
};

/// A pooled fiber that gives runnables their turns, one after the other, until one of them parks: then it stays with
/// that one until the turn is over. Belongs to no thread while it is parked.
class carrier {
 public:
  enum class leaving : std::uint8_t { no, parks, yields, idles };

  explicit carrier(unsigned of_stack_class) noexcept : stack_class{of_stack_class} {}

  void serve();

  fiber_record* record = nullptr;
  runnable* job = nullptr;
  carrier* next = nullptr;    // of those that rest
  leaving why = leaving::no;  // set before it leaves, read when it stands still
  bool stands = false;        // in `leave`: who switches to it may leave the rest to it
  bool quits = false;
  stack memory{};
  unsigned stack_class;
};

/// One scheduler thread: its run queue, its pooled carriers, and the Boost.Fiber algorithm that joins them.
class scheduler {
 public:
  scheduler(runtime& of, unsigned index, bool is_alone);
  ~scheduler();

  /// The body of the thread; returns after the runtime's `stop`.
  void run();

  /// The one whose thread this is; null elsewhere. Not to be kept over a switch.
  static scheduler* here() noexcept { return this_thread().here; }

  runtime& owner() noexcept { return runtime_; }
  unsigned index() const noexcept { return index_; }

  run_queue& queue() noexcept { return queue_; }
  deferred_timers& deferred() noexcept { return deferred_; }
  /// Carriers that this thread keeps for what it will have to carry. Any thread.
  std::size_t resting_count() const noexcept { return resting_count_.load(std::memory_order_relaxed); }
  const carrier* carrier_here() const noexcept;

  /// Who has which turn on this thread. Any thread, while the scheduler threads run.
  glimpse look() const noexcept;

  /// Suspends the fiber that runs on this thread.
  static void leave(carrier::leaving why) noexcept;

 private:
  friend class runtime;
  friend class carrier;
  class algorithm;

  std::uint32_t counted_turns() const noexcept;
  void look_after_timers() noexcept;
  runnable* next_runnable() noexcept;
  runnable* next_for(carrier&, thread_state&) noexcept;
  carrier* fiber_for(runnable&) noexcept;
  carrier* make_carrier(std::size_t stack_size);
  /// False: it has enough of them.
  bool keep(carrier& idle) noexcept;
  /// Null: there is none of that size.
  carrier* take_resting(unsigned stack_class) noexcept;
  /// One that belongs to no thread comes to its end on this one.
  void end(carrier& unneeded);
  void end_carriers();

  runtime& runtime_;
  const unsigned index_;
  const bool is_alone_;  // the only one of its runtime: what parks here goes on here
  const bool in_order_;  // as the runtime's
  // A turn in whose number one of these bits is set has to look for nothing but the next one: no turn, in order.
  const std::uint32_t turns_without_timers_;
  algorithm* algorithm_ = nullptr;
  run_queue queue_;
  alignas(64) deferred_timers deferred_;  // all threads look there
  alignas(64) runnable* preselected_ = nullptr;
  std::atomic<const thread_state*> state_{nullptr};  // of the thread; null while it does not run
  seen_by_others<std::uint32_t> turns_;              // also those in which there was nothing to do
  seen_by_others<std::uint32_t> turn_seen_;          // by another thread, at its last look
  time_point looked_at_others_;                      // when it did so last
  std::uint32_t housekept_ = 0;                      // of the counted ones, that was the last for the house
  std::uint32_t given_ = 0;                          // those that a runnable got
  unsigned mass_deaths_ = 0;                         // for which it has handed out its blocks
  std::uint64_t draw_ = 0;                           // the state of the seeded choice
  carrier_list resting_[stack_classes];              // at most a few of each
  std::atomic<std::size_t> resting_count_{0};        // of all classes; changed by this thread alone

  // Of a thread that sleeps, under the runtime's lock.
  std::condition_variable roused_;
  bool is_roused_ = false;
};

}  // namespace coppice::scheduling
