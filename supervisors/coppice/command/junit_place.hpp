#pragma once

#include <optional>
#include <string>

#include <coppice/chaos/report_folder.hpp>
#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// Where `--junit` goes: a file, or standard output. Made before a run, so that nothing is run whose answer could not
/// be kept: throws `usage_fault` or `report_fault`.
class junit_place {
 public:
  explicit junit_place(const chaos_command_options& options);

  /// The fault, as a line; empty if all went well, or nothing was asked for.
  std::string write(std::string bytes) const;

  /// Then what is for people goes to standard error.
  bool is_standard_output() const noexcept { return is_standard_output_; }

 private:
  std::optional<report_folder> folder_;
  std::string name_;
  bool is_standard_output_ = false;
};

}  // namespace coppice::command
