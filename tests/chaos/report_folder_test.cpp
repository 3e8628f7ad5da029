#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
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

  TEST_CASE("a full disk leaves the old file, tells why in the system's words, and the others are written") {
    const temporary_directory here;
    here.write("report.html", "old");
    const report_folder folder{here.path("")};
    std::string fault;
    {
      const small_disk disk{1000};
      fault = folder.write({{"report.html", std::string(5000, 'x')}, {"junit.xml", "<x/>"}});
    }
    CHECK(fault == here.path("") + "/report.html: cannot be written: File too large");
    CHECK(content(here.path("report.html")) == "old");
    CHECK(content(here.path("junit.xml")) == "<x/>");
    CHECK(files_in(here.path("")) == 2);
  }
}
