#include <string>

#include <unistd.h>

#include <coppice/command/complaint.hpp>
#include <coppice/command/output.hpp>

namespace coppice::command {

void complain(std::string_view text) noexcept {
  try {
    complain_lines("coppice: " + std::string{text} + "\n");
  } catch (...) {
    return;
  }
}

void complain_lines(std::string_view lines) noexcept {
  // Who closed standard error does not want to hear that this failed.
  write_all(STDERR_FILENO, lines);
}

}  // namespace coppice::command
