#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace coppice::scheduling {

/// Threads for work that blocks: a thread is added when work waits and none is free, up to a limit, and kept until
/// `stop`. Beyond the limit work waits for its turn, in order.
class blocking_pool {
 public:
  explicit blocking_pool(std::size_t limit = 512) : limit_{limit} {}
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  ~blocking_pool() { stop(); }

  /// `work` must not throw. Throws std::system_error when not even one thread can be had.
  void submit(std::function<void()> work);

  /// Waits for what runs and for what waits, then ends the threads.
  void stop() noexcept;

 private:
  void serve();

  const std::size_t limit_;
  std::mutex lock_;
  std::condition_variable more_;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
  std::size_t free_ = 0;
  bool stopping_ = false;
};

}  // namespace coppice::scheduling
