#include <system_error>

#include <coppice/scheduling/blocking_pool.hpp>

namespace coppice::scheduling {

void blocking_pool::submit(std::function<void()> work) {
  const std::lock_guard hold{lock_};
  waiting_.push_back(std::move(work));
  if (free_ < waiting_.size() && threads_.size() < limit_) {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {
      if (threads_.empty()) {
        waiting_.pop_back();
        throw;
      }
    }
  }
  more_.notify_one();
}

void blocking_pool::stop() noexcept {
  std::vector<std::thread> ending;
  {
    const std::lock_guard hold{lock_};
    stopping_ = true;
    ending.swap(threads_);
  }
  more_.notify_all();
  for (auto& thread : ending) thread.join();
  const std::lock_guard hold{lock_};
  stopping_ = false;
}

void blocking_pool::serve() {
  std::unique_lock hold{lock_};
  for (;;) {
    ++free_;
    more_.wait(hold, [this] { return stopping_ || !waiting_.empty(); });
    --free_;
    if (waiting_.empty()) return;
    auto work = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    work();
    work = nullptr;
    hold.lock();
  }
}

}  // namespace coppice::scheduling
