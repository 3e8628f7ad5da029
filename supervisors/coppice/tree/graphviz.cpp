#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coppice/tree/graphviz.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

// A file without a name. With files instead of pipes nobody has to read and write at the same time.
class memory_file {
 public:
  explicit memory_file(char const* purpose) : number_{::memfd_create(purpose, MFD_CLOEXEC)} {
    if (number_ < 0) throw std::system_error{errno, std::generic_category(), "memfd_create"};
  }
  memory_file(memory_file const&) = delete;
  memory_file& operator=(memory_file const&) = delete;
  ~memory_file() { ::close(number_); }

  int number() const noexcept { return number_; }

  void write(std::string_view text) {
    while (!text.empty()) {
      ssize_t const written = ::write(number_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw std::system_error{errno, std::generic_category(), "write"};
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    ::lseek(number_, 0, SEEK_SET);
  }

  std::string read() {
    ::lseek(number_, 0, SEEK_SET);
    std::string text;
    std::array<char, 16 * 1024> part;
    for (;;) {
      ssize_t const got = ::read(number_, part.data(), part.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw std::system_error{errno, std::generic_category(), "read"};
      if (got == 0) return text;
      text.append(part.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  int number_;
};

// How the child is to be started: its three files, and no signal blocked that we block.
class spawn_settings {
 public:
  spawn_settings(int in, int out, int err) {
    ::posix_spawn_file_actions_init(&files_);
    ::posix_spawn_file_actions_adddup2(&files_, in, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, out, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&files_, err, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK);
  }
  spawn_settings(spawn_settings const&) = delete;
  spawn_settings& operator=(spawn_settings const&) = delete;
  ~spawn_settings() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&files_);
  }

  posix_spawn_file_actions_t const* files() const noexcept { return &files_; }
  posix_spawnattr_t const* attributes() const noexcept { return &attributes_; }

 private:
  posix_spawn_file_actions_t files_;
  posix_spawnattr_t attributes_;
};

std::string start_error(std::string const& program, int error) {
  if (error == ENOENT) {
    return fmt::format(
        "an SVG needs Graphviz, and its program {} is not there. Install it (Debian: apt install graphviz), or take "
        "the DOT text "
        "with --format dot.",
        detail::in_quotes(program));
  }
  return fmt::format("Graphviz's program {} cannot be started: {}. Take the DOT text with --format dot.",
                     detail::in_quotes(program), std::generic_category().message(error));
}

std::string end_error(std::string const& program, int status, std::string_view complaint) {
  std::string const end = WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                              : fmt::format("ended with status {}", WEXITSTATUS(status));
  while (complaint.ends_with('\n')) complaint.remove_suffix(1);
  return fmt::format("Graphviz's program {} {}{}{}", detail::in_quotes(program), end, complaint.empty() ? "." : ": ",
                     detail::printable(complaint));
}

}  // namespace

graphviz_answer svg_from_dot(std::string_view dot, std::string const& program) {
  try {
    memory_file in{"dot-in"};
    memory_file out{"dot-out"};
    memory_file err{"dot-err"};
    in.write(dot);
    spawn_settings const settings{in.number(), out.number(), err.number()};
    std::string name = program;
    std::string option = "-Tsvg";
    std::array<char*, 3> arguments{name.data(), option.data(), nullptr};
    pid_t child = 0;
    int const error =
        ::posix_spawnp(&child, program.c_str(), settings.files(), settings.attributes(), arguments.data(), environ);
    if (error != 0) return {std::nullopt, start_error(program, error)};
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
      if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "waitpid"};
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return {std::nullopt, end_error(program, status, err.read())};
    return {out.read(), ""};
  } catch (std::system_error const& error) {
    return {std::nullopt, fmt::format("Graphviz cannot be run: {}.", error.what())};
  }
}

}  // namespace coppice
