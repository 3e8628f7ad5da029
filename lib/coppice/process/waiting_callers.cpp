#include <algorithm>
#include <stdexcept>

#include <coppice/process/control_block.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/waiting_callers.hpp>

namespace coppice::detail {

bool messages_under_way() {
  return running_runtime().delays.count() != 0;
}

std::vector<pid> callers_in_vain() {
  if (!running_runtime().engine.is_virtual()) {
    throw std::logic_error{"coppice: this needs a runtime in virtual time; set runtime_options::virtual_time"};
  }
  // All others stand still, so that nothing needs a guard.
  process_table& table = process_table::instance();
  const control_block& me = control_block::current();
  std::vector<std::pair<reference, pid>> awaited;
  std::vector<reference> owed;
  for (const pid each : table.living()) {
    const control_block& process = table.slot(each).process();
    process.append_questions(owed);
    if (&process != &me && process.awaited()) awaited.emplace_back(process.awaited(), each);
  }
  std::sort(owed.begin(), owed.end());
  std::vector<pid> in_vain;
  for (const auto& [ref, caller] : awaited) {
    if (!std::binary_search(owed.begin(), owed.end(), ref)) in_vain.push_back(caller);
  }
  return in_vain;
}

void control_block::append_questions(std::vector<reference>& to) const {
  const auto add = [&to](const envelope* first) {
    for (; first != nullptr; first = first->next) {
      if (first->ref()) to.push_back(first->ref());
    }
  };
  add(queue_);
  const envelope* const arrived = slot().inbox.load(std::memory_order_acquire);
  if (is_list(arrived)) add(arrived);
  if (call_) to.push_back(call_);
  if (extras_ == nullptr) return;
  extras_->watchers.for_each([&to](reference ref, pid) { to.push_back(ref); });
}

}  // namespace coppice::detail
