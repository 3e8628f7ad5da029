#include <coppice/chaos/checker_feed.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

void checker_feed::process_ended(pid ended, pid parent, const exit_reason& reason) noexcept {
  to_.process_ended(ended, parent, reason, monotonic_time());
}

void checker_feed::child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept {
  to_.child_started(path, type, child, supervisor, monotonic_time());
}

void checker_feed::child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept {
  to_.child_start_failed(path, reason, supervisor, monotonic_time());
}

void checker_feed::restart_limit_reached(std::string_view path, pid supervisor) noexcept {
  to_.restart_limit_reached(path, supervisor, monotonic_time());
}

void checker_feed::child_starting(std::string_view path, child_type type, pid supervisor) noexcept {
  to_.child_starting(path, type, supervisor, monotonic_time());
}

void checker_feed::child_ending(std::string_view path, pid child, pid supervisor) noexcept {
  to_.child_ending(path, child, supervisor, monotonic_time());
}

void checker_feed::restarting(std::string_view path, pid supervisor) noexcept {
  to_.restarting(path, supervisor, monotonic_time());
}

void checker_feed::supervisor_starting(std::string_view path, const supervisor_flags& flags,
                                       std::span<const child_spec> children, pid supervisor) noexcept {
  to_.supervisor_starting(path, flags, children, supervisor, monotonic_time());
}

void checker_feed::child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept {
  to_.child_added(path, spec, supervisor, monotonic_time());
}

void checker_feed::child_terminating(std::string_view path, pid supervisor) noexcept {
  to_.child_terminating(path, supervisor, monotonic_time());
}

void checker_feed::child_deleted(std::string_view path, pid supervisor) noexcept {
  to_.child_deleted(path, supervisor, monotonic_time());
}

void checker_feed::supervisor_stopping(std::string_view path, pid supervisor) noexcept {
  to_.supervisor_stopping(path, supervisor, monotonic_time());
}

}  // namespace coppice
