#include <coppice/supervision/inherited_observer.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/supervision/supervisor_server.hpp>

namespace coppice {

supervision_observer::~supervision_observer() = default;

void supervision_observer::child_starting(std::string_view, child_type, pid) noexcept {}
void supervision_observer::child_ending(std::string_view, pid, pid) noexcept {}
void supervision_observer::restarting(std::string_view, pid) noexcept {}
void supervision_observer::supervisor_starting(std::string_view, const supervisor_flags&, std::span<const child_spec>,
                                               pid) noexcept {}
void supervision_observer::child_added(std::string_view, const child_spec&, pid) noexcept {}
void supervision_observer::child_terminating(std::string_view, pid) noexcept {}
void supervision_observer::child_deleted(std::string_view, pid) noexcept {}
void supervision_observer::supervisor_stopping(std::string_view, pid) noexcept {}

start_result start_supervisor(supervisor_init init, start_options options) {
  detail::inherit_observer(init);
  return start_link<detail::supervisor_server>(std::move(options), std::move(init));
}

child_result start_child(detail::server_address supervisor, child_spec spec) {
  return call(supervisor, detail::start_child_request{std::move(spec)}, infinity);
}

std::optional<child_error> terminate_child(detail::server_address supervisor, std::string_view id) {
  return call(supervisor, detail::terminate_child_request{std::string{id}}, infinity);
}

child_result restart_child(detail::server_address supervisor, std::string_view id) {
  return call(supervisor, detail::restart_child_request{std::string{id}}, infinity);
}

std::optional<child_error> delete_child(detail::server_address supervisor, std::string_view id) {
  return call(supervisor, detail::delete_child_request{std::string{id}}, infinity);
}

std::vector<child_info> which_children(detail::server_address supervisor) {
  return call(supervisor, detail::which_children_request{}, infinity);
}

child_counts count_children(detail::server_address supervisor) {
  return call(supervisor, detail::count_children_request{}, infinity);
}

std::optional<exit_reason> check_child_spec(const child_spec& spec, auto_shutdown of_supervisor) {
  if (spec.id.empty()) return exit_reason{"missing_id"};
  if (!spec.start) return exit_reason{"missing_start"};
  if (spec.shutdown && !spec.shutdown->is_brutal_kill() && !spec.shutdown->is_infinity() &&
      spec.shutdown->limit().count() < 0) {
    return exit_reason::tuple({exit_reason{"invalid_shutdown"}, exit_reason{to_string(*spec.shutdown)}});
  }
  if (spec.significant && (of_supervisor == auto_shutdown::never || spec.restart == restart_type::permanent)) {
    return exit_reason::tuple({exit_reason{"bad_combination"},
                               exit_reason{std::string{of_supervisor == auto_shutdown::never ? "auto_shutdown,never"
                                                                                             : "restart,permanent"}}});
  }
  return std::nullopt;
}

std::string_view to_string(child_error value) noexcept {
  switch (value) {
    case child_error::already_started: return "already_started";
    case child_error::already_present: return "already_present";
    case child_error::not_found: return "not_found";
    case child_error::running: return "running";
    case child_error::restarting: return "restarting";
    case child_error::start_failed: return "start_failed";
    case child_error::bad_combination: return "bad_combination";
    case child_error::bad_spec: return "bad_spec";
  }
  return "";
}

std::string_view to_string(child_info::state value) noexcept {
  switch (value) {
    case child_info::state::running: return "running";
    case child_info::state::undefined: return "undefined";
    case child_info::state::restarting: return "restarting";
  }
  return "";
}

}  // namespace coppice
