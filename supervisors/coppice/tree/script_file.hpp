#pragma once

#include <optional>
#include <string>
#include <vector>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/script_step.hpp>

namespace coppice {

class worker_catalogue;
struct located_json;

/// What a script file says: its steps, or all faults in the order of the file.
struct script_file {
  std::optional<std::vector<script_step>> steps;
  fault_list faults;
};

/// Reads and checks a script, a JSON array of steps; `-` is standard input. Runs nothing.
script_file read_script_file(std::string const& path, worker_catalogue const& workers);

/// Checks the JSON of a script: the steps, or nothing and all faults.
std::optional<std::vector<script_step>> check_script(located_json const& value, worker_catalogue const& workers,
                                                     fault_list& faults);

}  // namespace coppice
