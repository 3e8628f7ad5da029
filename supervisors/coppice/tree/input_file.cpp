#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <coppice/tree/descriptor.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/file_kind.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

using detail::descriptor;
using detail::special_kind;

std::string error_text(int error) {
  return std::generic_category().message(error);
}

// What to do about a file that cannot be opened, by the reason.
std::string open_fault(int error) {
  switch (error) {
    case ENOENT: return "no such file. Check the name and the directory.";
    case ENOTDIR: return "no such file: a part of its path is not a directory.";
    case EACCES: return "permission to read it is denied. Allow it with chmod, or run as a user who may read it.";
    case ELOOP: return "its symbolic links go round in a circle. Name the file itself.";
    case ENAMETOOLONG: return "the file name is too long. Give a shorter one.";
    case ENXIO: return "expected a regular file; found a socket or a device without a driver.";
    default: return fmt::format("cannot be opened: {}.", error_text(error));
  }
}

std::string special_fault(std::string_view kind, mode_t mode) {
  if (S_ISDIR(mode)) return "expected a regular file; found a directory. Name a file in it.";
  return fmt::format("expected a regular file; found {}. To read from a pipe give - and feed standard input.", kind);
}

std::string size_fault(std::string_view size) {
  return fmt::format(
      "{} bytes are too many; the limit is {} (16 MiB). Replicas need no lines of their own: see \"count\".", size,
      detail::grouped(max_input_bytes));
}

std::optional<std::string> read_all(int number, std::size_t expected, fault_list& faults) {
  std::string bytes;
  bytes.reserve(expected + 1);
  constexpr std::size_t step = 64 * 1024;
  for (;;) {
    std::size_t const before = bytes.size();
    bytes.resize(before + step);
    ssize_t const got = ::read(number, bytes.data() + before, step);
    int const error = errno;
    bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return bytes;
    if (got < 0 && error == EAGAIN) {
      // Standard input may have been made non-blocking by whoever shares it.
      pollfd more{number, POLLIN, 0};
      ::poll(&more, 1, -1);
      continue;
    }
    if (got < 0 && error != EINTR) {
      faults.add("", 0, fmt::format("cannot be read: {}.", error_text(error)));
      return std::nullopt;
    }
    if (bytes.size() > max_input_bytes) {
      faults.add("", 0, size_fault("more than " + detail::grouped(max_input_bytes)));
      return std::nullopt;
    }
  }
}

}  // namespace

std::optional<std::string> read_input(std::string const& path, fault_list& faults) {
  if (path == "-") return read_all(STDIN_FILENO, 0, faults);
  if (path.empty()) {
    faults.add("", 0, "the file name is empty. Name a file, or - for standard input.");
    return std::nullopt;
  }
  // O_NONBLOCK: the open of a fifo without a writer would wait for one.
  descriptor const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat about {};
  if (file.number() < 0) {
    int const error = errno;
    // A directory or a fifo is better called what it is, also where it may not be opened.
    if (::stat(path.c_str(), &about) == 0 && !special_kind(about.st_mode).empty()) {
      faults.add("", 0, special_fault(special_kind(about.st_mode), about.st_mode));
    } else {
      faults.add("", 0, open_fault(error));
    }
    return std::nullopt;
  }
  if (::fstat(file.number(), &about) != 0) {
    faults.add("", 0, fmt::format("cannot be examined: {}.", error_text(errno)));
    return std::nullopt;
  }
  if (std::string_view const kind = special_kind(about.st_mode); !kind.empty()) {
    faults.add("", 0, special_fault(kind, about.st_mode));
    return std::nullopt;
  }
  auto const size = static_cast<std::size_t>(about.st_size);
  if (size > max_input_bytes) {
    faults.add("", 0, size_fault(detail::grouped(size)));
    return std::nullopt;
  }
  return read_all(file.number(), size, faults);
}

}  // namespace coppice
