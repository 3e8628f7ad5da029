#pragma once

#include <string>
#include <vector>

namespace coppice::command {

/// The whole command: does what the arguments (without the program's name) say, and returns the exit status. Throws
/// nothing.
int execute(const std::vector<std::string>& arguments) noexcept;

}  // namespace coppice::command
