#include <fmt/format.h>

#include <coppice/telemetry/tree_event.hpp>

namespace coppice {

std::string to_string(const tree_event& event) {
  switch (event.what) {
    case tree_event::kind::started: return fmt::format("started {} {}", event.path, event.incarnation);
    case tree_event::kind::start_failed: return fmt::format("start_failed {} {}", event.path, event.reason.to_string());
    case tree_event::kind::exited:
      return fmt::format("exited {} {} {}", event.path, event.incarnation, event.reason.to_string());
    case tree_event::kind::restart_limit: return "restart_limit " + event.path;
  }
  return {};
}

}  // namespace coppice
