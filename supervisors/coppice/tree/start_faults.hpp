#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace coppice {

/// Starts that are to fail on purpose, by path. Threads: safe to share.
class start_faults {
 public:
  /// The next `count` attempts to start that path fail. Set, not added; 0 clears it.
  void fail_next(std::string_view path, std::uint64_t count) {
    const std::lock_guard hold{lock_};
    if (count == 0) {
      if (const auto found = left_.find(path); found != left_.end()) left_.erase(found);
    } else {
      left_.insert_or_assign(std::string{path}, count);
    }
  }

  /// One attempt to start that path: whether it is to fail.
  bool take(std::string_view path) {
    const std::lock_guard hold{lock_};
    const auto found = left_.find(path);
    if (found == left_.end()) return false;
    if (--found->second == 0) left_.erase(found);
    return true;
  }

 private:
  std::mutex lock_;
  std::map<std::string, std::uint64_t, std::less<>> left_;
};

}  // namespace coppice
