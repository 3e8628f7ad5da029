#pragma once

#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>

namespace coppice {

/// Tells two what one could be told. The first ones may be null. All must outlive it.
class observer_pair final : public process_observer, public supervision_observer {
 public:
  observer_pair(process_observer* first_of_processes, supervision_observer* first_of_supervision,
                process_observer& second_of_processes, supervision_observer& second_of_supervision) noexcept;

  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override;
  void message_lost(pid to, std::string_view type) noexcept override;
  void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept override;
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override;
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override;
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override;
  void child_starting(std::string_view path, child_type type, pid supervisor) noexcept override;
  void child_ending(std::string_view path, pid child, pid supervisor) noexcept override;
  void restarting(std::string_view path, pid supervisor) noexcept override;
  void supervisor_starting(std::string_view path, const supervisor_flags& flags, std::span<const child_spec> children,
                           pid supervisor) noexcept override;
  void child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept override;
  void child_terminating(std::string_view path, pid supervisor) noexcept override;
  void child_deleted(std::string_view path, pid supervisor) noexcept override;
  void supervisor_stopping(std::string_view path, pid supervisor) noexcept override;

 private:
  process_observer* processes_[2];
  supervision_observer* supervision_[2];
};

}  // namespace coppice
