#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

reference monitor(pid target) {
  detail::before_allocation();
  auto& me = detail::control_block::current();
  // A pid that names nobody is like that of a dead process.
  return me.monitor(target, {});
}

reference monitor(std::string_view name) {
  detail::before_allocation();
  return detail::control_block::current().monitor(whereis(name), std::string{name});
}

bool demonitor(reference of, demonitor_options options) {
  return detail::control_block::current().demonitor(of, options.flush);
}

}  // namespace coppice
