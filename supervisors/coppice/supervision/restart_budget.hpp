#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace coppice {

/// Counts the restarts of one supervisor within a window of time (S102): so many are allowed, one more is too many.
///
/// Times are whole seconds, as OTP's. A restart counts while it is not older than the window, its last second included.
class restart_budget {
 public:
  restart_budget(unsigned max_restarts, std::chrono::seconds window) noexcept : max_{max_restarts}, window_{window} {}

  /// One more restart, now. False: it is one too many.
  bool spend(std::chrono::seconds now) {
    while (!spent_.empty() && spent_.front() < now - window_) spent_.pop_front();
    spent_.push_back(now);
    if (spent_.size() <= max_) return true;
    spent_.pop_front();
    return false;
  }

  /// How many count now, the last `spend` included.
  std::size_t spent() const noexcept { return spent_.size(); }

 private:
  unsigned max_;
  std::chrono::seconds window_;
  std::deque<std::chrono::seconds> spent_;
};

}  // namespace coppice
