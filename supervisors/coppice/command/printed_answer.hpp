#pragma once

#include <string>
#include <string_view>

#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// Writes the answer of a subcommand to a file, or to standard output (`-`), and says so if that fails.
exit_status print(const std::string& path, std::string_view text);

}  // namespace coppice::command
