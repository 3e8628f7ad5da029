#pragma once

#include <cstddef>
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
/// Files of the names that are written are replaced, everything else in the folder stays as it is. What it has under
/// these names afterwards is of one run: a file that cannot be written leaves no older one behind.
///
/// Blocks while the disk does. Threads: one at a time.
class report_folder {
 public:
  /// The least that a report takes: its page is about that large without anything in it.
  static constexpr std::size_t usual_room = 64 * 1024;

  /// Makes the folder, and those above it, if it is not there, and sees that files can be made in it, that none of
  /// `names` is anything else than a file, and that with the room of those that are there now so many bytes can be
  /// written. Throws `report_fault`, so that this is known before a long run.
  explicit report_folder(std::string path, const std::vector<std::string>& names = own_names(),
                         std::size_t room = usual_room);

  /// `report.json`, `report.html`, `junit.xml`.
  static const std::vector<std::string>& own_names();

  /// Each file becomes whole and new, for it is written beside and renamed, or is not there. All are tried, the
  /// smallest first, and once more in the room that older ones leave. Empty if all went well, else the faults, a line
  /// each: `out/report.html: cannot be written: No space left on device; the one of an earlier run is removed`.
  std::string write(const std::vector<report_file>& files) const;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace coppice
