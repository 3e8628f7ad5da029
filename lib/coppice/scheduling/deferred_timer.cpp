#include <coppice/scheduling/deferred_timer.hpp>

namespace coppice::scheduling {

void deferred_timers::add(deferred_timer& young) noexcept {
  young.started_ = true;
  young.list_ = this;
  const std::lock_guard hold{lock_};
  young.linked_ = true;
  young.before_ = last_;
  if (last_ != nullptr) {
    last_->after_ = &young;
  } else {
    first_ = &young;
    oldest_.store(young.began_, std::memory_order_relaxed);
  }
  last_ = &young;
}

timer deferred_timers::remove(deferred_timer& over) noexcept {
  const std::lock_guard hold{lock_};
  if (over.linked_) unlink(over);
  return over.timer_;
}

void deferred_timers::unlink(deferred_timer& out) noexcept {
  deferred_timer* const before = out.before_;
  deferred_timer* const after = out.after_;
  (before != nullptr ? before->after_ : first_) = after;
  (after != nullptr ? after->before_ : last_) = before;
  if (before == nullptr) oldest_.store(after != nullptr ? after->began_ : 0, std::memory_order_relaxed);
  out.linked_ = false;
}

}  // namespace coppice::scheduling
