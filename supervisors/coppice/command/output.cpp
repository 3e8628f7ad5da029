#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <coppice/command/output.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

namespace {

int open_for_writing(const std::string& path) {
  if (path == "-") return STDOUT_FILENO;
  const int opened = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (opened >= 0) return opened;
  throw output_fault{fmt::format("{}: cannot be opened for writing: {}", detail::printable(path),
                                 std::generic_category().message(errno))};
}

}  // namespace

int write_all(int descriptor, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t taken = ::write(descriptor, bytes.data(), bytes.size());
    if (taken >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(taken));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      // Somebody who shares the file, a terminal as a rule, has asked not to wait for it. We do.
      pollfd room{descriptor, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

output::output(std::string path)
    : name_{path == "-" ? "standard output" : detail::printable(path)}, descriptor_{open_for_writing(path)} {}

output::output(std::string name, int descriptor) : name_{std::move(name)}, descriptor_{descriptor} {}

output output::standard_error() {
  return output{"standard error", STDERR_FILENO};
}

output::~output() {
  close();
}

bool output::write(std::string_view bytes) noexcept {
  if (error_ == 0) error_ = write_all(descriptor_, bytes);
  return error_ == 0;
}

bool output::close() noexcept {
  if (descriptor_ > STDERR_FILENO) {
    if (::close(std::exchange(descriptor_, -1)) != 0 && error_ == 0) error_ = errno;
  }
  return error_ == 0;
}

bool output::is_terminal() const noexcept {
  return ::isatty(descriptor_) == 1;
}

std::string output::fault() const {
  return fmt::format("{}: cannot be written: {}", name_, std::generic_category().message(error_));
}

}  // namespace coppice::command
