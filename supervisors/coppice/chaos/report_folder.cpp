#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <memory>
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

std::string room_text(std::size_t bytes) {
  return bytes < 1024 ? fmt::format("{} bytes", std::max<std::size_t>(bytes, 1)) : fmt::format("{} KiB", bytes / 1024);
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
    is_there_ = descriptor_ >= 0;
  }
  file_beside(const file_beside&) = delete;
  file_beside& operator=(const file_beside&) = delete;
  ~file_beside() { remove(); }

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

  /// Onto the disk, which may find out late that it is full.
  void save() {
    if (descriptor_ < 0) return;
    note(::fsync(descriptor_));
    note(::close(std::exchange(descriptor_, -1)));
  }

  /// Takes the place of the old file; after `save`, so that this one goes only when the new one is on the disk.
  void become() {
    note(::rename(name_.c_str(), becomes_.c_str()));
    if (error_ == 0) is_there_ = false;
  }

  /// Away with it, unless it has become what it was to be.
  void remove() noexcept {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
    if (std::exchange(is_there_, false)) ::unlink(name_.c_str());
  }

  int error() const noexcept { return error_; }

 private:
  void note(int result) {
    if (error_ == 0 && result != 0) error_ = errno;
  }

  std::string becomes_;
  std::string name_;
  int descriptor_;
  bool is_there_ = false;
  int error_ = 0;
};

}  // namespace

report_folder::report_folder(std::string path, const std::vector<std::string>& names, std::size_t room)
    : path_{std::move(path)} {
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
    if (fs::is_regular_file(there)) {
      const auto size = fs::file_size(fs::path{path_} / name, error);
      if (!error) room -= std::min<std::uintmax_t>(room, size);
    }
    if (!fs::exists(there) || fs::is_regular_file(there) || fs::is_symlink(there)) continue;
    throw report_fault{
        fmt::format("{}/{}: the report would be written there, and it is no file. Move it away, or name "
                    "another folder.",
                    shown, name)};
  }
  file_beside trial{fs::path{path_} / "trial"};
  if (trial.error() == 0) {
    trial.write(std::string(std::max<std::size_t>(room, 1), 'x'));
    trial.save();
    if (trial.error() == 0) return;
    throw report_fault{
        fmt::format("{}: no report can be written into this folder, where there is no room for {} more: {}", shown,
                    room_text(room), words(trial.error()))};
  }
  throw report_fault{fmt::format("{}: nothing can be written into this folder: {}", shown, words(trial.error()))};
}

const std::vector<std::string>& report_folder::own_names() {
  static const std::vector<std::string> names{"report.json", "report.html", "junit.xml"};
  return names;
}

std::string report_folder::write(const std::vector<report_file>& files) const {
  struct attempt {
    const report_file* file;
    fs::path becomes;
    int error = 0;
    bool was_there = false;
  };
  std::vector<attempt> left;
  left.reserve(files.size());
  for (const auto& each : files) left.push_back({&each, fs::path{path_} / each.name});
  // Where not all have room, as many as have.
  std::stable_sort(left.begin(), left.end(), [](const attempt& one, const attempt& other) {
    return one.file->bytes.size() < other.file->bytes.size();
  });
  const auto try_all = [&left] {
    // All are there before the first takes its place, so that hardly a moment is left in which some are old.
    std::vector<std::unique_ptr<file_beside>> made;
    made.reserve(left.size());
    for (const auto& each : left) {
      made.push_back(std::make_unique<file_beside>(each.becomes));
      made.back()->write(each.file->bytes);
      made.back()->save();
      // Its room is for the others.
      if (made.back()->error() != 0) made.back()->remove();
    }
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (made[i]->error() == 0) made[i]->become();
      left[i].error = made[i]->error();
    }
    left.erase(std::remove_if(left.begin(), left.end(), [](const attempt& each) { return each.error == 0; }),
               left.end());
  };
  try_all();
  if (left.empty()) return {};
  // What is there of an earlier run would be taken for this one's.
  for (auto& each : left) {
    std::error_code ignored;
    each.was_there = fs::remove(each.becomes, ignored);
  }
  try_all();
  std::string faults;
  for (const auto& each : left) {
    std::error_code ignored;
    std::string_view old;
    if (each.was_there) old = "; the one of an earlier run is removed";
    if (fs::exists(fs::symlink_status(each.becomes, ignored))) old = "; the one that is there is of an earlier run";
    faults += fmt::format("{}{}/{}: cannot be written: {}{}", faults.empty() ? "" : "\n", detail::printable(path_),
                          each.file->name, words(each.error), old);
  }
  return faults;
}

}  // namespace coppice
