#include <new>

#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/process_runtime.hpp>

namespace coppice::detail {

constinit std::atomic<bool> faults_are_injected{false};

void ask_whether_allocation_fails() {
  control_block* const me = control_block::current_or_null();
  if (me != nullptr && me->fails_allocation()) throw std::bad_alloc{};
}

// What is thrown where something is being destroyed would end the program, and who has to end anyway is left alone.
bool control_block::can_meet_injector() const noexcept {
  return !finishing_ && !has_fatal_ && exceptions_in_flight() == 0;
}

void control_block::meet_injector(fault_point point, std::string_view what) {
  if (!can_meet_injector()) return;
  const spared while_it_is_asked{*this};
  running_runtime().options.faults->at(point, what);
}

bool control_block::fails_allocation() noexcept {
  return may_be_harmed_ && can_meet_injector() && running_runtime().options.faults->fails_allocation();
}

}  // namespace coppice::detail
