#include <coppice/process/custody.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/telemetry/busy_processes.hpp>

namespace coppice::detail {

std::vector<busy_process> busy_processes(const tree_journal& of) {
  std::vector<busy_process> found;
  for (const auto& [path, life] : of.living()) {
    if (is_busy(life.process)) found.push_back({path, life.process});
  }
  return found;
}

std::string handler_text(pid busy) {
  const auto found = process_info(busy, info::current_message);
  return found && !found->current_message.empty() ? " in its handler of " + found->current_message : "";
}

}  // namespace coppice::detail
