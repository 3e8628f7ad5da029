#pragma once

#include <optional>
#include <string>

#include <coppice/chaos/report_folder.hpp>
#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// Where `--junit` goes. Made before a run, so that nothing is run whose answer could not be kept: throws
/// `usage_fault` or `report_fault`.
class junit_place {
 public:
  explicit junit_place(const chaos_command_options& options);

  /// The fault, as a line; empty if all went well, or nothing was asked for.
  std::string write(std::string bytes) const;

 private:
  std::optional<report_folder> folder_;
  std::string name_;
};

}  // namespace coppice::command
