#include <algorithm>

#include <fmt/format.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

std::string to_string(fault const& one) {
  std::string const file = detail::printable(one.file);
  if (one.place.empty()) return fmt::format("{}: {}", file, one.message);
  return fmt::format("{}:{}: {}", file, detail::printable(one.place), one.message);
}

void fault_list::add(std::string place, std::size_t offset, std::string message) {
  if (full()) {
    overflowed_ = true;
    return;
  }
  faults_.push_back({file_, std::move(place), std::move(message), offset});
}

void fault_list::sort_by_offset() {
  std::stable_sort(faults_.begin(), faults_.end(), [](fault const& a, fault const& b) { return a.offset < b.offset; });
}

std::string fault_list::text(std::size_t limit) const {
  std::string lines;
  std::size_t const shown = std::min(limit, faults_.size());
  for (std::size_t i = 0; i < shown; ++i) lines += to_string(faults_[i]) + '\n';
  std::size_t const hidden = faults_.size() - shown;
  if (hidden > 0 || overflowed_) {
    lines += fmt::format("{}: and {}{} more {}.\n", detail::printable(file_), overflowed_ || full() ? "at least " : "",
                         detail::grouped(hidden), hidden == 1 ? "fault" : "faults");
  }
  return lines;
}

}  // namespace coppice
