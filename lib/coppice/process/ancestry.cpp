#include <cstddef>
#include <utility>
#include <vector>

#include <coppice/process/ancestry.hpp>

namespace coppice::detail {

namespace {

// So many ancestors are remembered, and so many of them are left when there are more.
constexpr std::uint32_t most_generations = 1000;
constexpr std::size_t nearest_generations = 500;

std::shared_ptr<const ancestry> nearest_of(const ancestry& many) {
  std::vector<pid> nearest;
  nearest.reserve(nearest_generations);
  for (const ancestry* each = &many; nearest.size() != nearest_generations; each = each->above.get()) {
    nearest.push_back(each->parent);
  }
  std::shared_ptr<const ancestry> made;
  for (; !nearest.empty(); nearest.pop_back()) {
    made = std::make_shared<const ancestry>(nearest.back(), std::move(made));
  }
  return made;
}

}  // namespace

ancestry::ancestry(pid of, std::shared_ptr<const ancestry> its)
    : parent{of}, generations{its != nullptr ? its->generations + 1 : 1}, above{std::move(its)} {}

// One after the other, not each by the next: a line of them may be longer than a stack is deep.
ancestry::~ancestry() {
  if (above == nullptr) return;
  thread_local std::shared_ptr<const ancestry>* following = nullptr;
  if (following != nullptr) {
    *following = std::move(above);
    return;
  }
  std::shared_ptr<const ancestry> next = std::move(above);
  following = &next;
  while (next != nullptr) {
    const std::shared_ptr<const ancestry> gone = std::move(next);
  }
  following = nullptr;
}

std::shared_ptr<const ancestry> ancestry::of_children(pid parent, const std::shared_ptr<const ancestry>& its) {
  const bool are_too_many = its != nullptr && its->generations == most_generations;
  return std::make_shared<const ancestry>(parent, are_too_many ? nearest_of(*its) : its);
}

}  // namespace coppice::detail
