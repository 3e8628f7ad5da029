#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// A report cannot be written there. The text is for people, and begins with the folder or the file.
struct report_fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A file of a report.
struct report_file {
  std::string name;  ///< Without a directory: `report.json`.
  std::string bytes;
};

/// Where a report goes.
///
/// Files of the names that are written are replaced, everything else in the folder stays as it is.
///
/// Blocks while the disk does. Threads: one at a time.
class report_folder {
 public:
  /// Makes the folder, and those above it, if it is not there, and sees that files can be made in it and that none of
  /// `names` is anything else than a file. Throws `report_fault`, so that this is known before a long run.
  explicit report_folder(std::string path, const std::vector<std::string>& names = own_names());

  /// `report.json`, `report.html`, `junit.xml`.
  static const std::vector<std::string>& own_names();

  /// Each file becomes whole and new, or stays what it was: it is written beside and renamed. All are tried. Empty if
  /// all went well, else the faults, a line each: `out/report.html: cannot be written: No space left on device`.
  std::string write(const std::vector<report_file>& files) const;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace coppice
