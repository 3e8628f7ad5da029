#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace coppice::scheduling {

/// Whether huge pages are worth it now.
///
/// A huge page that the system has at hand costs a fifth of the small ones in its place. One that it has to make or
/// fetch first, from others or from the machine that this one runs on, costs five times as much as they do. So each is
/// timed, and after a slow one small ones are used for a while, which is twice as long each time.
///
/// Threads: any; what they do at the same time makes a while shorter or longer by a few.
class huge_page_policy {
 public:
  static constexpr std::uint32_t first_while = 8;
  static constexpr std::uint32_t longest_while = 1024;
  /// Small pages for the same memory take longer.
  static constexpr std::chrono::microseconds slow{500};

  /// Whether the next one is to be huge.
  bool next_is_huge() noexcept {
    const auto left = small_ones_.load(std::memory_order_relaxed);
    if (left != 0) small_ones_.store(left - 1, std::memory_order_relaxed);
    return left == 0;
  }

  /// So long it took to have one.
  void took(std::chrono::nanoseconds time) noexcept;

 private:
  std::atomic<std::uint32_t> small_ones_{0};
  std::atomic<std::uint32_t> while_{first_while};
};

constexpr std::size_t huge_page = std::size_t{2} << 20;

/// One, aligned to its size, and touched: huge, or as many small ones, by the policy of the whole program. Returned by
/// `munmap`. Throws `std::bad_alloc`. Threads: any.
void* map_huge_page();
/// The same of small ones, not touched: for what will mostly not be used.
void* map_small_pages();

}  // namespace coppice::scheduling
