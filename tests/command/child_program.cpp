#include "child_program.hpp"

#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace command_tests {

namespace {

constexpr int patience_ms = 60'000;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

struct pipe_ends {
  int read;
  int write;
};

pipe_ends make_pipe() {
  int ends[2];
  checked(::pipe2(ends, O_CLOEXEC), "pipe2");
  return {ends[0], ends[1]};
}

std::vector<char*> as_array(std::vector<std::string>& texts) {
  std::vector<char*> array;
  for (auto& each : texts) array.push_back(each.data());
  array.push_back(nullptr);
  return array;
}

}  // namespace

std::string required_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set; run this through meson test"};
  return value;
}

child_program::child_program(const std::vector<std::string>& arguments, const setting& how) {
  const int input = checked(::memfd_create("input", MFD_CLOEXEC), "memfd_create");
  checked(static_cast<int>(::write(input, how.input.data(), how.input.size())), "write");
  ::lseek(input, 0, SEEK_SET);
  const pipe_ends out = make_pipe();
  const pipe_ends err = make_pipe();

  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  if (how.standard_output == "closed") {
    ::posix_spawn_file_actions_addclose(&files, STDOUT_FILENO);
  } else if (!how.standard_output.empty()) {
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, how.standard_output.c_str(), O_WRONLY, 0);
  } else {
    ::posix_spawn_file_actions_adddup2(&files, out.write, STDOUT_FILENO);
  }
  ::posix_spawn_file_actions_adddup2(&files, err.write, STDERR_FILENO);

  std::vector<std::string> words{required_variable("COPPICE_COMMAND")};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = how.environment;
  for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
  const int failure = ::posix_spawn(&process_, words.front().c_str(), &files, nullptr, as_array(words).data(),
                                    as_array(variables).data());
  ::posix_spawn_file_actions_destroy(&files);
  ::close(input);
  ::close(out.write);
  ::close(err.write);
  out_.descriptor = out.read;
  err_.descriptor = err.read;
  if (failure != 0) throw std::system_error{failure, std::generic_category(), words.front()};
}

child_program::~child_program() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  if (out_.descriptor >= 0) ::close(out_.descriptor);
  if (err_.descriptor >= 0) ::close(err_.descriptor);
}

void child_program::signal(int number) const {
  ::kill(process_, number);
}

void child_program::signal_together(int one, int other) const {
  ::kill(process_, SIGSTOP);
  int status = 0;
  // It stands still only when its parent is told so.
  checked(::waitpid(process_, &status, WUNTRACED), "waitpid");
  ::kill(process_, one);
  ::kill(process_, other);
  ::kill(process_, SIGCONT);
}

int child_program::finish_by(int number) {
  constexpr int pause_ms = 20;
  while (out_.descriptor >= 0 || err_.descriptor >= 0) {
    ::kill(process_, number);
    pollfd sources[] = {{out_.descriptor, POLLIN, 0}, {err_.descriptor, POLLIN, 0}};
    if (checked(::poll(sources, 2, pause_ms), "poll") > 0) read_some();
  }
  return finish();
}

void child_program::close_output() {
  ::close(std::exchange(out_.descriptor, -1));
}

std::string child_program::wait_for(stream& from, std::string_view text) {
  for (;;) {
    for (std::size_t end = from.text.find('\n', from.looked_at); end != std::string::npos;
         end = from.text.find('\n', from.looked_at)) {
      std::string line = from.text.substr(from.looked_at, end - from.looked_at);
      from.looked_at = end + 1;
      if (line.find(text) != std::string::npos) return line;
    }
    if (!read_some()) {
      throw std::runtime_error{"no line with \"" + std::string{text} + "\" came; standard output:\n" + out_.text +
                               "standard error:\n" + err_.text};
    }
  }
}

// False: both have ended.
bool child_program::read_some() {
  pollfd sources[] = {{out_.descriptor, POLLIN, 0}, {err_.descriptor, POLLIN, 0}};
  if (out_.descriptor < 0 && err_.descriptor < 0) return false;
  if (checked(::poll(sources, 2, patience_ms), "poll") == 0) {
    throw std::runtime_error{"nothing came for a minute; standard output:\n" + out_.text + "standard error:\n" +
                             err_.text};
  }
  stream* const streams[] = {&out_, &err_};
  for (int i = 0; i < 2; ++i) {
    if (sources[i].revents == 0) continue;
    char part[4096];
    const ssize_t got = ::read(streams[i]->descriptor, part, sizeof part);
    if (got > 0) {
      streams[i]->text.append(part, static_cast<std::size_t>(got));
    } else {
      ::close(std::exchange(streams[i]->descriptor, -1));
    }
  }
  return true;
}

int child_program::finish() {
  while (read_some()) {
  }
  int status = 0;
  checked(::waitpid(process_, &status, 0), "waitpid");
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string child_program::errors() const {
  std::istringstream all{err_.text};
  std::string wanted;
  for (std::string line; std::getline(all, line);) {
    if (line.find(" without a wait; others on its thread wait meanwhile") != std::string::npos) continue;
    wanted += line;
    if (!all.eof()) wanted += '\n';
  }
  return wanted;
}

outcome run(const std::vector<std::string>& arguments, const child_program::setting& how) {
  child_program child{arguments, how};
  const int status = child.finish();
  return {status, child.output(), child.errors()};
}

}  // namespace command_tests
