#include <new>

#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>

namespace coppice::detail {

constinit std::atomic<bool> faults_are_injected{false};

void ask_whether_allocation_fails() {
  control_block* const me = control_block::current_or_null();
  if (me != nullptr && me->fails_allocation()) throw std::bad_alloc{};
}

}  // namespace coppice::detail
