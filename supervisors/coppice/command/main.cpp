#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <coppice/command/command.hpp>

namespace {

// A program may be started with its standard files closed. The next file that it opens would take their place, and get
// what was meant for them. What stands there now refuses to be written.
void keep_standard_files() {
  for (int each = STDIN_FILENO; each <= STDERR_FILENO; ++each) {
    if (::fcntl(each, F_GETFD) < 0) ::open("/dev/null", O_RDONLY);
  }
}

}  // namespace

int main(int count, char** arguments) {
  keep_standard_files();
  // Output that nobody reads any more is an error like any other, with a message.
  std::signal(SIGPIPE, SIG_IGN);
  return coppice::command::execute({arguments + (count > 0 ? 1 : 0), arguments + count});
}
