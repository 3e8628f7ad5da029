#pragma once

#include <cstddef>
#include <cstdint>

namespace coppice::scheduling {

class carrier;

/// Something that is given turns on the scheduler threads. What it is (a process, say) is not known here.
///
/// Its owner promises that `runtime::wake` is called once for each time it came to rest: after it was made, after
/// `take_turn` returned `turn_result::rests`, and after a park that `commit_park` confirmed.
class runnable {
 public:
  enum class turn_result : std::uint8_t {
    rests,  ///< Nothing to do. It may already be running elsewhere: it must not be touched any more.
    again,  ///< Its budget is spent: put it at the end of the queue.
    ended,  ///< It is over, and may already be gone.
  };

  runnable() noexcept = default;
  runnable(const runnable&) = delete;
  runnable& operator=(const runnable&) = delete;

  /// One turn, on a fiber. May park in between; that fiber then stays with it.
  virtual turn_result take_turn() = 0;

  /// Called when it parked and its fiber stands still. True: it stays parked until the next `wake`.
  /// False: there was something to do after all, it goes on at once.
  virtual bool commit_park() noexcept = 0;

  /// Bytes of stack that its turns need.
  virtual std::size_t stack_size() const noexcept = 0;

  /// Something that does not run on the scheduler's fibers (a thread of the user's) wakes itself here.
  /// Returns false for all others.
  virtual bool wake_elsewhere() noexcept { return false; }

 protected:
  ~runnable() = default;

  /// In `commit_park`: leaves the fiber and its stack for ever, never to be resumed. The next turn is on another one.
  void forsake_fiber() noexcept { carrier_ = nullptr; }

 private:
  friend class carrier;
  friend class run_queue;
  friend class scheduler;
  friend class runtime;

  runnable* next_ = nullptr;    // in a run queue
  carrier* carrier_ = nullptr;  // the fiber it is parked on; null while it has no stack
};

}  // namespace coppice::scheduling
