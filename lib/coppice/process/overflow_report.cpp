#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include <unistd.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/overflow_report.hpp>
#include <coppice/process/registry.hpp>

namespace coppice::detail {

namespace {

/// A text of limited length that needs no memory but its own.
class short_text {
 public:
  short_text& operator<<(std::string_view added) noexcept {
    const std::size_t count = std::min(added.size(), sizeof(room_) - size_);
    std::memcpy(room_ + size_, added.data(), count);
    size_ += count;
    return *this;
  }
  short_text& operator<<(std::uint64_t number) noexcept {
    char digits[24];
    const auto written = std::to_chars(digits, digits + sizeof(digits), number);
    return *this << std::string_view{digits, static_cast<std::size_t>(written.ptr - digits)};
  }
  void write_to(int file) const noexcept {
    // It is the last that the program says: there is nothing to do if that fails.
    for (std::size_t done = 0; done < size_;) {
      const ssize_t count = ::write(file, room_ + done, size_ - done);
      if (count <= 0) return;
      done += static_cast<std::size_t>(count);
    }
  }

 private:
  char room_[1024];
  std::size_t size_ = 0;
};

}  // namespace

void report_overflow(const scheduling::runnable* who, std::size_t stack_bytes) noexcept {
  short_text text;
  text << "coppice: stack overflow";
  if (const auto* const process = static_cast<const control_block*>(who)) {
    char name[128];
    const std::size_t length = copy_name_if_free(process->self(), name, sizeof(name));
    text << " in process <0." << slot_of(process->self()) << '.' << serial_of(process->self()) << ">";
    if (length != 0) text << " (" << std::string_view{name, length} << ")";
    text << ", which runs " << process->initial_call();
  }
  text << ": its stack of " << stack_bytes
       << " bytes is full. Give it a larger one (`stack` in its spawn_options or start_options, or "
          "runtime_options::stack_size), or recurse less deeply\n";
  text.write_to(STDERR_FILENO);
}

}  // namespace coppice::detail
