#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <coppice/chaos/report_folder.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

namespace fs = std::filesystem;

std::string words(int error) {
  return std::generic_category().message(error);
}

// A file beside the one that it is to become; gone if it did not.
class file_beside {
 public:
  explicit file_beside(const fs::path& becomes)
      : becomes_{becomes.string()},
        // Two programs may write the same report; of one that has died with our number we take its place.
        name_{(becomes.parent_path() / fmt::format(".{}.{}", becomes.filename().string(), ::getpid())).string()},
        descriptor_{::open(name_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666)} {
    if (descriptor_ < 0) error_ = errno;
  }
  file_beside(const file_beside&) = delete;
  file_beside& operator=(const file_beside&) = delete;
  ~file_beside() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(name_.c_str());
  }

  void write(std::string_view bytes) {
    while (error_ == 0 && !bytes.empty()) {
      const ssize_t taken = ::write(descriptor_, bytes.data(), bytes.size());
      if (taken >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(taken));
      } else if (errno != EINTR) {
        error_ = errno;
      }
    }
  }

  /// A disk may find out late that it is full, so the old file goes only when the new one is on it.
  void become() {
    note(::fsync(descriptor_));
    note(::close(std::exchange(descriptor_, -1)));
    if (error_ == 0) note(::rename(name_.c_str(), becomes_.c_str()));
    if (error_ != 0) ::unlink(name_.c_str());
  }

  int error() const noexcept { return error_; }

 private:
  void note(int result) {
    if (error_ == 0 && result != 0) error_ = errno;
  }

  std::string becomes_;
  std::string name_;
  int descriptor_;
  int error_ = 0;
};

}  // namespace

report_folder::report_folder(std::string path, const std::vector<std::string>& names) : path_{std::move(path)} {
  const std::string shown = detail::printable(path_);
  if (path_.empty()) throw report_fault{"the report needs the name of a folder; got an empty one"};
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (fs::exists(status) && !fs::is_directory(status)) {
    throw report_fault{
        fmt::format("{}: expected a folder, or a name that is free; this is a file. Name another one.", shown)};
  }
  if (!fs::exists(status)) {
    fs::create_directories(path_, error);
    if (error) {
      throw report_fault{fmt::format("{}: the folder cannot be made: {}", shown, words(error.value()))};
    }
  }
  for (const auto& name : names) {
    const fs::file_status there = fs::symlink_status(fs::path{path_} / name, error);
    if (!fs::exists(there) || fs::is_regular_file(there) || fs::is_symlink(there)) continue;
    throw report_fault{
        fmt::format("{}/{}: the report would be written there, and it is no file. Move it away, or name "
                    "another folder.",
                    shown, name)};
  }
  file_beside trial{fs::path{path_} / "trial"};
  trial.write("x");
  if (trial.error() != 0) {
    throw report_fault{fmt::format("{}: nothing can be written into this folder: {}", shown, words(trial.error()))};
  }
}

const std::vector<std::string>& report_folder::own_names() {
  static const std::vector<std::string> names{"report.json", "report.html", "junit.xml"};
  return names;
}

std::string report_folder::write(const std::vector<report_file>& files) const {
  std::string faults;
  for (const auto& each : files) {
    file_beside made{fs::path{path_} / each.name};
    if (made.error() == 0) made.write(each.bytes);
    if (made.error() == 0) made.become();
    if (made.error() == 0) continue;
    faults += fmt::format("{}{}/{}: cannot be written: {}", faults.empty() ? "" : "\n", detail::printable(path_),
                          each.name, words(made.error()));
  }
  return faults;
}

}  // namespace coppice
