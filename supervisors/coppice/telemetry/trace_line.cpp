#include <nlohmann/json.hpp>

#include <coppice/telemetry/trace_line.hpp>

namespace coppice::detail {

std::string trace_line(const nlohmann::ordered_json& of) {
  // The text of an exception need not be UTF-8.
  return of.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string trace_line(const tree_event& event) {
  nlohmann::ordered_json line;
  switch (event.what) {
    case tree_event::kind::started:
      line = {{"event", "started"}, {"path", event.path}, {"incarnation", event.incarnation}};
      break;
    case tree_event::kind::start_failed:
      line = {{"event", "start_failed"}, {"path", event.path}, {"reason", event.reason.to_string()}};
      break;
    case tree_event::kind::exited:
      line = {{"event", "exited"},
              {"path", event.path},
              {"incarnation", event.incarnation},
              {"reason", event.reason.to_string()}};
      break;
    case tree_event::kind::restart_limit: line = {{"event", "restart_limit"}, {"path", event.path}}; break;
  }
  return trace_line(line);
}

}  // namespace coppice::detail
