#include <algorithm>
#include <new>

#include <sys/mman.h>

#include <coppice/scheduling/clock.hpp>
#include <coppice/scheduling/huge_pages.hpp>

namespace coppice::scheduling {

namespace {

// One for all, as the system is one.
constinit huge_page_policy policy;

void* map_aligned() {
  void* const mapped =
      mmap(nullptr, 2 * huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc{};
  auto* const from = static_cast<std::byte*>(mapped);
  const std::size_t before = -reinterpret_cast<std::uintptr_t>(mapped) & (huge_page - 1);
  if (before != 0) munmap(from, before);
  munmap(from + before + huge_page, huge_page - before);
  return from + before;
}

}  // namespace

void huge_page_policy::took(std::chrono::nanoseconds time) noexcept {
  if (time < slow) {
    while_.store(first_while, std::memory_order_relaxed);
    return;
  }
  const auto next = while_.load(std::memory_order_relaxed);
  small_ones_.store(next, std::memory_order_relaxed);
  while_.store(std::min(2 * next, longest_while), std::memory_order_relaxed);
}

void* map_huge_page() {
  if (!policy.next_is_huge()) return map_small_pages();
  void* const made = map_aligned();
  madvise(made, huge_page, MADV_HUGEPAGE);
  const auto began = real_clock{}.now();
  *static_cast<volatile std::byte*>(made) = std::byte{0};
  policy.took(real_clock{}.now() - began);
  return made;
}

void* map_small_pages() {
  void* const made = map_aligned();
  madvise(made, huge_page, MADV_NOHUGEPAGE);
  return made;
}

}  // namespace coppice::scheduling
