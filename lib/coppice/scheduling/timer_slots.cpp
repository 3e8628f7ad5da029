#include <coppice/scheduling/timer_slots.hpp>

namespace coppice::scheduling {

namespace {

// A queue with few timers uses few pages. One that has more than this will use whole huge pages, which cost a fifth.
constexpr std::uint32_t slots_in_first_chunk = std::uint32_t{1} << 13;

}  // namespace

timer_slots::timer_slots(std::uint32_t first_generation) : first_generation_{first_generation} {
  void* const mapped = mmap(nullptr, chunk_limit * sizeof(directory_entry), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc{};
  directory_ = static_cast<directory_entry*>(mapped);
}

timer_slots::~timer_slots() {
  for (std::uint32_t place = 0; place < chunk_count_; ++place) {
    chunk* const held = chunk_at(place);
    if (held == nullptr) continue;
    for (std::uint32_t first = 0; first < held->fresh; first += 64) {
      for (std::uint64_t left = held->marks_of(first).pending; left != 0; left &= left - 1) {
        held->body_at(first + static_cast<std::uint32_t>(std::countr_zero(left))).action.reset();
      }
    }
    munmap(held, huge_page);
  }
  munmap(directory_, chunk_limit * sizeof(directory_entry));
}

timer_slots::chunk* timer_slots::find_chunk() {
  for (std::uint32_t i = 0; i < open_.size(); ++i) {
    if (open_[i] != 0) return chunk_at(i * 64 + static_cast<unsigned>(std::countr_zero(open_[i])));
  }
  return make_chunk();
}

timer_slots::chunk* timer_slots::make_chunk() {
  std::uint32_t place;
  if (!released_.empty()) {
    place = released_.back();
  } else {
    if (chunk_count_ == chunk_limit) throw std::bad_alloc{};
    place = chunk_count_;
    open_.resize(place / 64 + 1);
    released_.reserve(place + 1);  // so that releasing never allocates
  }
  void* const made = place == 0 ? map_small_pages() : map_huge_page();
  if (place == chunk_count_) {
    ++chunk_count_;
  } else {
    released_.pop_back();
  }
  directory_entry& entry = directory_[place];
  const std::uint32_t generation = entry.first_generation == 0 ? first_generation_ : entry.first_generation;
  entry.memory.store(::new (made) chunk{place, place == 0 ? slots_in_first_chunk : chunk::most_slots, generation},
                     std::memory_order_relaxed);
  open_[place / 64] |= bit_of(place);
  return chunk_at(place);
}

timer_slots::chunk* timer_slots::is_empty(chunk& home) noexcept {
  // One empty chunk is kept, so that a number of timers that goes up and down at its edge does not map and unmap.
  if (spare_ == nullptr || home.number < spare_->number) return std::exchange(spare_, &home);
  return &home;
}

void timer_slots::release(chunk& empty) noexcept {
  const std::uint32_t place = empty.number;
  touched_ -= empty.fresh;
  if (current_ == &empty) current_ = nullptr;
  open_[place / 64] &= ~bit_of(place);
  directory_[place].memory.store(nullptr, std::memory_order_relaxed);
  directory_[place].first_generation = empty.last_generation;
  if (empty.last_generation < generation_end) released_.push_back(place);
  munmap(&empty, huge_page);
}

}  // namespace coppice::scheduling
