#pragma once

#include <span>
#include <string_view>

#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>

namespace coppice {

/// Passes on to a checker what the runtime and the supervisors tell, as it happens, with the runtime's time.
/// Threads: safe to share.
class checker_feed final : public process_observer, public supervision_observer {
 public:
  explicit checker_feed(invariant_checker& to) : to_{to} {}
  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override;
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
  invariant_checker& to_;
};

}  // namespace coppice
