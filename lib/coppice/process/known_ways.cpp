#include <coppice/process/known_ways.hpp>

#if defined(COPPICE_KNOWS_WAYS)

#include <algorithm>
#include <atomic>
#include <mutex>

#include <link.h>
#include <unwind.h>

namespace coppice::detail {

namespace {

constexpr std::size_t most_ways = 256;
constexpr std::size_t tries = 4;  // as many ways may have the same hash
constexpr int frame_pointer_register = 6;

struct passed_frame {
  std::uintptr_t ip = 0;
  std::uint32_t distance = 0;  // from the frame that waits
};

struct known_way {
  std::atomic<std::uintptr_t> from{0};  // written last; 0: this is none
  std::uint32_t count = 0;
  std::uint32_t to_target = 0;
  std::array<passed_frame, known_ways::most_frames> passed{};
};

constinit std::array<known_way, most_ways> ways;
constinit std::mutex learning;

// Waits of the library, such as `sleep`, begin many ways: how long they are tells them apart.
std::size_t place_of(stack_frame from, const void* target) noexcept {
  const std::uintptr_t length = reinterpret_cast<std::uintptr_t>(target) - from.sp;
  return static_cast<std::size_t>((from.ip ^ length << 24) * 0x9E3779B97F4A7C15u >> 56);
}
static_assert(most_ways == 256);

template <class T>
T word_at(std::uintptr_t address) noexcept {
  return *reinterpret_cast<const T*>(address);
}
std::uintptr_t return_address_at(std::uintptr_t sp) noexcept {
  return word_at<std::uintptr_t>(sp - sizeof(std::uintptr_t));
}

bool is_followed(const known_way& way, stack_frame from, const void* target) noexcept {
  if (reinterpret_cast<std::uintptr_t>(target) - from.sp != way.to_target) return false;
  for (std::uint32_t i = 0; i < way.count; ++i) {
    if (return_address_at(from.sp + way.passed[i].distance) != way.passed[i].ip) return false;
  }
  return true;
}

// What the program's own code and ours lie between. Both are there as long as this library is.
class lasting_code {
 public:
  lasting_code() {
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* self) {
          static_cast<lasting_code*>(self)->look_at(*object);
          return 0;
        },
        this);
  }

  bool has(std::uintptr_t ip) const noexcept {
    for (const auto& each : ranges_) {
      if (ip >= each.begin && ip < each.end) return true;
    }
    return false;
  }

 private:
  struct range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
  };

  // The program itself is the first.
  void look_at(const dl_phdr_info& object) {
    const range lies = {of(object, true), of(object, false)};
    const auto ours = reinterpret_cast<std::uintptr_t>(&learning);
    if (count_ == 0) ranges_[0] = lies;
    if (ours >= lies.begin && ours < lies.end) ranges_[1] = lies;
    ++count_;
  }

  static std::uintptr_t of(const dl_phdr_info& object, bool begin) {
    std::uintptr_t least = UINTPTR_MAX;
    std::uintptr_t most = 0;
    for (int i = 0; i < object.dlpi_phnum; ++i) {
      const auto& part = object.dlpi_phdr[i];
      if (part.p_type != PT_LOAD) continue;
      least = std::min<std::uintptr_t>(least, object.dlpi_addr + part.p_vaddr);
      most = std::max<std::uintptr_t>(most, object.dlpi_addr + part.p_vaddr + part.p_memsz);
    }
    return begin ? least : most;
  }

  std::array<range, 2> ranges_;
  std::size_t count_ = 0;
};

// Of the tables that the compiler writes for the unwinder: numbers of seven bits a byte, the lowest first.
std::uintptr_t number_at(const std::uint8_t*& at) noexcept {
  std::uintptr_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint8_t byte = *at++;
    number |= static_cast<std::uintptr_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return number;
  }
}

enum class duty : unsigned char {
  none,   // nothing to destroy or to catch
  some,   // there is, and the unwinder stops here
  other,  // what we cannot read, or that nothing may pass
};

// What the "language specific data" of a frame's function says of the place where the frame is: a table of its calls,
// each with the place to go on if it throws.
duty duty_of(_Unwind_Context* frame) noexcept {
  constexpr std::uint8_t omitted = 0xFF;
  constexpr std::uint8_t as_numbers = 1;
  const auto* at = static_cast<const std::uint8_t*>(_Unwind_GetLanguageSpecificData(frame));
  if (at == nullptr) return duty::none;
  if (*at++ != omitted) return duty::other;  // the function is in parts that lie apart
  if (*at++ != omitted) number_at(at);       // where its types are
  if (*at++ != as_numbers) return duty::other;
  const std::uintptr_t size = number_at(at);
  const std::uint8_t* const end = at + size;
  // It is the call that counts, which lies before the place where it returns to.
  const std::uintptr_t place = _Unwind_GetIP(frame) - 1 - _Unwind_GetRegionStart(frame);
  while (at < end) {
    const std::uintptr_t begin = number_at(at);
    const std::uintptr_t length = number_at(at);
    const std::uintptr_t landing = number_at(at);
    number_at(at);  // what is to be caught
    if (place < begin) break;
    if (place < begin + length) return landing == 0 ? duty::none : duty::some;
  }
  return duty::other;
}

}  // namespace

bool known_ways::lead(stack_frame from, const void* target) noexcept {
  for (std::size_t i = 0; i < tries; ++i) {
    const known_way& way = ways[(place_of(from, target) + i) % most_ways];
    const std::uintptr_t begin = way.from.load(std::memory_order_acquire);
    if (begin == 0) return false;
    if (begin == from.ip && is_followed(way, from, target)) return true;
  }
  return false;
}

bool known_ways::learner::pass(_Unwind_Context* frame) noexcept {
  static const lasting_code lasting;
  const stack_frame here{_Unwind_GetIP(frame), _Unwind_GetCFA(frame)};
  // Frames of the unwinder's, and those that called it.
  if (count_ == 0 && here.sp < from_.sp) return true;
  if (count_ == 0 && (here.sp != from_.sp || here.ip != from_.ip)) return false;
  if (count_ == most_frames || !lasting.has(here.ip)) return false;
  if (count_ != 0 && !has_fixed_size(here)) return false;
  passed_[count_++] = here;
  frame_pointer_ = _Unwind_GetGR(frame, frame_pointer_register);
  if (_Unwind_GetRegionStart(frame) == reinterpret_cast<std::uintptr_t>(end_)) {
    keep();
    return false;
  }
  return duty_of(frame) == duty::none;
}

// A function that takes room of any size on the stack, or aligns its frame, finds its caller by a frame pointer. Right
// above the place that this points to stands then where the function returns to.
bool known_ways::learner::has_fixed_size(stack_frame next) const noexcept {
  const std::uintptr_t pointer = frame_pointer_;
  const std::uintptr_t begin = passed_[count_ - 1].sp;
  const bool is_in_frame = pointer >= begin && pointer + 2 * sizeof(std::uintptr_t) <= next.sp;
  return !is_in_frame || pointer % sizeof(std::uintptr_t) != 0 || return_address_at(pointer + 16) != next.ip;
}

void known_ways::learner::keep() const noexcept {
  const std::lock_guard hold{learning};
  for (std::size_t i = 0; i < tries; ++i) {
    known_way& way = ways[(place_of(from_, target_) + i) % most_ways];
    if (way.from.load(std::memory_order_relaxed) != 0) continue;
    way.to_target = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(target_) - from_.sp);
    way.count = static_cast<std::uint32_t>(count_);
    for (std::size_t k = 0; k < count_; ++k) {
      way.passed[k] = {passed_[k].ip, static_cast<std::uint32_t>(passed_[k].sp - from_.sp)};
    }
    way.from.store(from_.ip, std::memory_order_release);
    return;
  }
}

}  // namespace coppice::detail

#endif
