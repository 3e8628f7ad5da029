#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coppice {

/// One thing that is wrong with a file that somebody wrote.
struct fault {
  std::string file;   ///< As the caller named it.
  std::string place;  ///< A JSON pointer (`/children/0/id`), or `LINE:COLUMN` in a text that is no JSON; may be empty.
  std::string message;     ///< What was expected, what was found, what to write instead.
  std::size_t offset = 0;  ///< The byte of the file at which it stands.
};

/// `FILE:PLACE: MESSAGE`, without a line feed at the end. A fault of the whole file has no place: `FILE: MESSAGE`.
std::string to_string(fault const& one);

/// The faults of one file, collected so that all are shown at once.
///
/// Keeps the order in which they were added until `sort_by_offset`. It holds `capacity` of them; when `full`, a checker
/// may stop, since nobody reads on.
class fault_list {
 public:
  static constexpr std::size_t capacity = 100'000;

  explicit fault_list(std::string file) : file_{std::move(file)} {}

  /// Notes a fault of this file. One beyond the capacity is only remembered as such.
  void add(std::string place, std::size_t offset, std::string message);

  /// Puts them into the order of the file. Those at one place stay in the order in which they were added.
  void sort_by_offset();

  /// `FILE:PLACE: MESSAGE`, one a line, each with its line feed; after `limit` of them how many more there are.
  std::string text(std::size_t limit = 100) const;

  bool empty() const noexcept { return faults_.empty(); }
  bool full() const noexcept { return faults_.size() >= capacity; }
  std::vector<fault> const& faults() const noexcept { return faults_; }
  std::string const& file() const noexcept { return file_; }

 private:
  std::string file_;
  std::vector<fault> faults_;
  bool overflowed_ = false;
};

}  // namespace coppice
