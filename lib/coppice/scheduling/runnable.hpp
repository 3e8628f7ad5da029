#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace coppice::scheduling {

class carrier;

/// Sizes of stacks, by powers of two from 16 KiB up to a terabyte.
inline constexpr unsigned stack_classes = 27;

constexpr unsigned stack_class_of(std::size_t bytes) noexcept {
  constexpr std::size_t smallest = std::size_t{16} << 10U;
  return static_cast<unsigned>(std::bit_width((std::max(bytes, smallest) - 1) / smallest));
}

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

  /// How it runs lies here, and not behind a virtual function, because each turn asks.
  enum class place : std::uint8_t {
    fibers,     ///< On the scheduler's fibers.
    elsewhere,  ///< It is woken by `wake_elsewhere`: a thread of the user's, say.
  };

  /// `stack_bytes`: what its turns need.
  explicit runnable(std::uint32_t stack_bytes) noexcept
      : stack_size_{stack_bytes}, stack_class_{static_cast<std::uint8_t>(stack_class_of(stack_bytes))} {}
  runnable(const runnable&) = delete;
  runnable& operator=(const runnable&) = delete;

  /// One turn, on a fiber. May park in between; that fiber then stays with it.
  virtual turn_result take_turn() = 0;

  /// Called when it parked and its fiber stands still. True: it stays parked until the next `wake`.
  /// False: there was something to do after all, it goes on at once.
  virtual bool commit_park() noexcept = 0;

  /// Something that does not run on the scheduler's fibers wakes itself here.
  virtual void wake_elsewhere() noexcept {}

  std::uint32_t stack_size() const noexcept { return stack_size_; }
  unsigned stack_class() const noexcept { return stack_class_; }
  bool runs_elsewhere() const noexcept { return where_ == place::elsewhere; }

 protected:
  ~runnable() = default;

  void runs(place where) noexcept { where_ = where; }

  /// In `commit_park`: leaves the fiber and its stack for ever, never to be resumed. The next turn is on another one.
  void forsake_fiber() noexcept { carrier_ = nullptr; }

 private:
  friend class carrier;
  friend class run_queue;
  friend class scheduler;
  friend class runtime;

  runnable* next_ = nullptr;    // in a run queue
  carrier* carrier_ = nullptr;  // the fiber it is parked on; null while it has no stack
  std::uint32_t stack_size_;
  std::uint8_t stack_class_;
  place where_ = place::fibers;
};

}  // namespace coppice::scheduling
