#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/link.hpp>

namespace coppice {

void link(pid other) {
  detail::before_allocation();
  detail::control_block::current().link_to(other);
}

void unlink(pid other) {
  detail::control_block::current().unlink_from(other);
}

bool process_flag(process_flag_name, bool value) {
  auto& me = detail::control_block::current();
  // Signals that came before this call are judged by the old value.
  me.fetch_if_any();
  const bool before = me.traps_exit();
  me.set_trap_exit(value);
  return before;
}

}  // namespace coppice
