#include <coppice/process/fault_injector.hpp>

namespace coppice {

fault_injector::~fault_injector() = default;

std::string_view to_string(fault_point point) noexcept {
  switch (point) {
    case fault_point::init_begins: return "init_begins";
    case fault_point::init_ends: return "init_ends";
    case fault_point::handler_begins: return "handler_begins";
    case fault_point::handler_ends: return "handler_ends";
    case fault_point::terminate_begins: return "terminate_begins";
    case fault_point::terminate_ends: return "terminate_ends";
    case fault_point::receive: return "receive";
    case fault_point::child_starts: return "child_starts";
    case fault_point::child_started: return "child_started";
    case fault_point::child_ends: return "child_ends";
    case fault_point::child_ended: return "child_ended";
  }
  return "unknown";
}

}  // namespace coppice
