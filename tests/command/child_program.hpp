#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace command_tests {

/// The command as a child process, with its output in pipes. Waits for lines, never for time; a line that does not come
/// within a minute is a failure (it throws).
class child_program {
 public:
  struct setting {
    std::string input{};                     ///< What standard input holds.
    std::string standard_output{};           ///< A file in place of the pipe; `closed`: none at all.
    std::vector<std::string> environment{};  ///< `NAME=VALUE` beside what there is.
  };

  /// Runs COPPICE_COMMAND with these arguments.
  explicit child_program(const std::vector<std::string>& arguments, const setting& how);
  explicit child_program(const std::vector<std::string>& arguments) : child_program{arguments, setting{}} {}
  child_program(const child_program&) = delete;
  child_program& operator=(const child_program&) = delete;
  ~child_program();

  /// Reads standard output up to and including the first line that holds the text, and returns that line.
  std::string wait_for(std::string_view text) { return wait_for(out_, text); }
  /// The same of standard error.
  std::string wait_for_error(std::string_view text) { return wait_for(err_, text); }

  void signal(int number) const;
  /// Both arrive at the same time.
  void signal_together(int one, int other) const;
  /// Again and again until it has ended; else as `finish`. The command takes signals that come fast for one.
  int finish_by(int number);
  /// Nobody reads standard output any more.
  void close_output();

  /// Reads everything until its end, and returns its exit status; minus the signal that ended it, if one did.
  int finish();

  /// All that has been read.
  const std::string& output() const noexcept { return out_.text; }
  /// Without the warnings of a process that keeps its thread: on a slow machine, or under a sanitizer, any may be slow.
  std::string errors() const;

 private:
  struct stream {
    int descriptor = -1;
    std::string text;
    std::size_t looked_at = 0;  // up to here lines have been looked at by wait_for
  };

  std::string wait_for(stream& from, std::string_view text);
  bool read_some();

  pid_t process_ = -1;
  stream out_;
  stream err_;
};

/// What a run of the command that ends by itself did.
struct outcome {
  int status;
  std::string output;
  std::string errors;
};

outcome run(const std::vector<std::string>& arguments, const child_program::setting& how = {});

/// The value of an environment variable that the build sets. Throws when there is none.
std::string required_variable(const char* name);

}  // namespace command_tests
