#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <coppice/chaos/report_folder.hpp>

#include "tree/temporary_directory.hpp"

using namespace coppice;  // NOLINT(google-build-using-namespace)
using coppice::tests::temporary_directory;

namespace {

std::string content(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::size_t files_in(const std::string& path) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator{path}, {}));
}

std::string refusal(const std::string& path) {
  try {
    const report_folder made{path};
    return "accepted";
  } catch (const report_fault& fault) {
    return fault.what();
  }
}

// No file may grow beyond that size for a while: what a full disk does, for everybody.
class small_disk {
 public:
  explicit small_disk(rlim_t bytes) : handler_{std::signal(SIGXFSZ, SIG_IGN)} {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

// A folder of its own file system, which only root may mount.
class small_file_system {
 public:
  explicit small_file_system(const temporary_directory& here, const std::string& size) : path_{here.path("small")} {
    std::filesystem::create_directory(path_);
    is_there_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
  }
  small_file_system(const small_file_system&) = delete;
  small_file_system& operator=(const small_file_system&) = delete;
  ~small_file_system() {
    if (is_there_) ::umount(path_.c_str());
  }

  bool is_there() const { return is_there_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool is_there_ = false;
};

}  // namespace

TEST_SUITE("report_folder") {
  TEST_CASE("it makes the folder, and those above it") {
    const temporary_directory here;
    const report_folder folder{here.path("a/b")};
    CHECK(folder.write({{"report.json", "{}"}, {"junit.xml", "<x/>"}}).empty());
    CHECK(content(here.path("a/b/report.json")) == "{}");
    CHECK(files_in(here.path("a/b")) == 2);
  }

  TEST_CASE("it replaces its own files, and leaves those of others alone") {
    const temporary_directory here;
    here.write("notes.txt", "mine");
    here.write("report.json", "old");
    const report_folder folder{here.path("")};
    CHECK(content(here.path("report.json")) == "old");
    CHECK(folder.write({{"report.json", "new"}}).empty());
    CHECK(content(here.path("report.json")) == "new");
    CHECK(content(here.path("notes.txt")) == "mine");
    CHECK(files_in(here.path("")) == 2);
  }

  TEST_CASE("what cannot be a folder is refused before anything runs") {
    const temporary_directory here;
    const std::string file = here.write("file", "");
    CHECK(refusal(file) == file + ": expected a folder, or a name that is free; this is a file. Name another one.");
    CHECK(refusal(file + "/below") == file + "/below: the folder cannot be made: Not a directory");
    CHECK(refusal("") == "the report needs the name of a folder; got an empty one");
    CHECK(refusal("/proc/report") == "/proc/report: the folder cannot be made: No such file or directory");
  }

  TEST_CASE("a folder in which nothing can be made is refused") {
    CHECK(refusal("/proc/self").starts_with("/proc/self: nothing can be written into this folder: "));
  }

  TEST_CASE("a folder that has a folder where a file has to be is refused") {
    const temporary_directory here;
    std::filesystem::create_directory(here.path("report.html"));
    CHECK(refusal(here.path("")) == here.path("") +
                                        "/report.html: the report would be written there, and it is no "
                                        "file. Move it away, or name another folder.");
  }

  TEST_CASE("a full disk takes what there is room for, and leaves no file of an earlier run beside it") {
    const temporary_directory here;
    here.write("report.html", "old");
    const report_folder folder{here.path("")};
    std::string fault;
    {
      const small_disk disk{1000};
      fault = folder.write({{"report.html", std::string(5000, 'x')}, {"junit.xml", "<x/>"}});
    }
    CHECK(fault ==
          here.path("") + "/report.html: cannot be written: File too large; the one of an earlier run is removed");
    CHECK(content(here.path("junit.xml")) == "<x/>");
    CHECK(files_in(here.path("")) == 1);
  }

  TEST_CASE("where nothing was there before, nothing is said to be removed") {
    const temporary_directory here;
    const report_folder folder{here.path("")};
    const small_disk disk{1000};
    CHECK(folder.write({{"report.html", std::string(5000, 'x')}}) ==
          here.path("") + "/report.html: cannot be written: File too large");
  }

  TEST_CASE("a folder without room for a page is refused, where the room of an older report counts as free") {
    const temporary_directory here;
    const auto try_folder = [&] {
      const small_disk disk{20'000};
      return refusal(here.path(""));
    };
    CHECK(try_folder() == here.path("") +
                              ": no report can be written into this folder, where there is no room for 64 KiB more: "
                              "File too large");
    CHECK(files_in(here.path("")) == 0);
    here.write("report.html", std::string(50'000, 'x'));
    CHECK(try_folder() == "accepted");
    CHECK(files_in(here.path("")) == 1);
  }
}

TEST_SUITE("report_folder on a small disk") {
  TEST_CASE("an older report makes room for a new one that would not fit beside it") {
    const temporary_directory here;
    const small_file_system small{here, "160k"};
    if (!small.is_there()) return;
    const auto report = [](char of) {
      return std::vector<report_file>{{"report.html", std::string(90'000, of)},
                                      {"report.json", std::string(40'000, of)},
                                      {"junit.xml", std::string(1'000, of)}};
    };
    CHECK(report_folder{small.path()}.write(report('1')).empty());
    CHECK(report_folder{small.path()}.write(report('2')).empty());
    for (const auto& each : report('2')) CHECK(content(small.path() + "/" + each.name) == each.bytes);
  }

  TEST_CASE("the smallest files are written first, and the folder has no file of another run") {
    const temporary_directory here;
    const small_file_system small{here, "100k"};
    if (!small.is_there()) return;
    const report_folder folder{small.path()};
    CHECK(folder.write({{"report.html", std::string(70'000, '1')}, {"junit.xml", "1"}}).empty());
    const std::string fault = folder.write(
        {{"report.html", std::string(200'000, '2')}, {"report.json", std::string(90'000, '2')}, {"junit.xml", "2"}});
    CHECK(fault ==
          small.path() +
              "/report.html: cannot be written: No space left on device; the one of an earlier run is removed");
    CHECK(content(small.path() + "/junit.xml") == "2");
    CHECK(content(small.path() + "/report.json") == std::string(90'000, '2'));
    CHECK(files_in(small.path()) == 2);
  }
}
