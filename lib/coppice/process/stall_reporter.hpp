#pragma once

// Private to lib/coppice.

#include <chrono>
#include <functional>
#include <vector>

#include <coppice/process/stall.hpp>
#include <coppice/scheduling/runtime.hpp>
#include <coppice/scheduling/stall_watch.hpp>

namespace coppice::detail {

/// Looks at what the scheduler threads do, and tells of the processes that keep one for too long.
class stall_reporter {
 public:
  stall_reporter(std::function<void(const stall&)> told, std::chrono::milliseconds limit, unsigned threads);

  /// To be called about every quarter of the limit, on one thread.
  void look(const scheduling::runtime& engine) noexcept;

 private:
  void tell(const scheduling::runnable* running, std::chrono::nanoseconds time);

  std::function<void(const stall&)> told_;
  std::vector<scheduling::stall_watch> watches_;  // one a thread
};

}  // namespace coppice::detail
