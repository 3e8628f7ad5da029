#include <coppice/telemetry/observer_pair.hpp>

namespace coppice {

observer_pair::observer_pair(process_observer* first_of_processes, supervision_observer* first_of_supervision,
                             process_observer& second_of_processes,
                             supervision_observer& second_of_supervision) noexcept
    : processes_{first_of_processes, &second_of_processes},
      supervision_{first_of_supervision, &second_of_supervision} {}

void observer_pair::process_ended(pid ended, pid parent, const exit_reason& reason) noexcept {
  for (auto* const each : processes_) {
    if (each != nullptr) each->process_ended(ended, parent, reason);
  }
}

void observer_pair::message_lost(pid to, std::string_view type) noexcept {
  for (auto* const each : processes_) {
    if (each != nullptr) each->message_lost(to, type);
  }
}

void observer_pair::call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept {
  for (auto* const each : processes_) {
    if (each != nullptr) each->call_failed(server, name, reason);
  }
}

void observer_pair::child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_started(path, type, child, supervisor);
  }
}

void observer_pair::child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_start_failed(path, reason, supervisor);
  }
}

void observer_pair::restart_limit_reached(std::string_view path, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->restart_limit_reached(path, supervisor);
  }
}

void observer_pair::child_starting(std::string_view path, child_type type, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_starting(path, type, supervisor);
  }
}

void observer_pair::child_ending(std::string_view path, pid child, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_ending(path, child, supervisor);
  }
}

void observer_pair::restarting(std::string_view path, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->restarting(path, supervisor);
  }
}

void observer_pair::supervisor_starting(std::string_view path, const supervisor_flags& flags,
                                        std::span<const child_spec> children, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->supervisor_starting(path, flags, children, supervisor);
  }
}

void observer_pair::child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_added(path, spec, supervisor);
  }
}

void observer_pair::child_terminating(std::string_view path, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_terminating(path, supervisor);
  }
}

void observer_pair::child_deleted(std::string_view path, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->child_deleted(path, supervisor);
  }
}

void observer_pair::supervisor_stopping(std::string_view path, pid supervisor) noexcept {
  for (auto* const each : supervision_) {
    if (each != nullptr) each->supervisor_stopping(path, supervisor);
  }
}

}  // namespace coppice
