#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice::detail {

/// What another program did.
struct program_outcome {
  int start_error = 0;  ///< An errno: it could not be started. 0 otherwise.
  int status = 0;       ///< As `waitpid` gives it.
  std::string output;
  std::string errors;
};

/// Runs another program to its end, with `input` as its standard input. Without a slash its name is looked up in PATH;
/// the arguments begin with the first one, not with its name. Throws std::system_error when the machine lacks what that
/// takes.
///
/// Blocks. No signal is blocked in the program, whatever is blocked here.
program_outcome run_program(const std::string& program, std::vector<std::string> arguments, std::string_view input);

}  // namespace coppice::detail
