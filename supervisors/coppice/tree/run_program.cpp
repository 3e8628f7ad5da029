#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coppice/tree/run_program.hpp>

namespace coppice::detail {

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

  std::string read() const {
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

}  // namespace

program_outcome run_program(const std::string& program, std::vector<std::string> arguments, std::string_view input) {
  memory_file in{"input"};
  memory_file const out{"output"};
  memory_file const err{"errors"};
  in.write(input);
  spawn_settings const settings{in.number(), out.number(), err.number()};
  arguments.insert(arguments.begin(), program);
  std::vector<char*> array;
  array.reserve(arguments.size() + 1);
  for (auto& each : arguments) array.push_back(each.data());
  array.push_back(nullptr);
  program_outcome done;
  pid_t child = 0;
  done.start_error =
      ::posix_spawnp(&child, program.c_str(), settings.files(), settings.attributes(), array.data(), environ);
  if (done.start_error != 0) return done;
  while (::waitpid(child, &done.status, 0) < 0) {
    if (errno != EINTR) throw std::system_error{errno, std::generic_category(), "waitpid"};
  }
  done.output = out.read();
  done.errors = err.read();
  return done;
}

}  // namespace coppice::detail
