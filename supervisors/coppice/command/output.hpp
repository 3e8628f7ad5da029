#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace coppice::command {

/// Writes all of it, whatever it takes. 0, or the errno of what went wrong.
int write_all(int descriptor, std::string_view bytes) noexcept;

/// What was asked for cannot be written. The text is for people, and begins with the file.
struct output_fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file that is made anew, or standard output. Every failure is kept and can be told.
///
/// Blocks while the file does (a pipe that nobody reads). Threads: one at a time.
class output {
 public:
  /// `-` is standard output. Throws `output_fault`.
  explicit output(std::string path);
  static output standard_error();
  output(const output&) = delete;
  output& operator=(const output&) = delete;
  ~output();

  /// False when it failed, now or earlier; after a failure nothing more is written.
  bool write(std::string_view bytes) noexcept;

  /// The file is complete. False when it has not taken everything.
  bool close() noexcept;

  bool is_terminal() const noexcept;
  bool is_broken() const noexcept { return error_ != 0; }

  /// `trace.jsonl: cannot be written: No space left on device`.
  std::string fault() const;

 private:
  output(std::string name, int descriptor);

  std::string name_;
  int descriptor_;
  int error_ = 0;
};

}  // namespace coppice::command
