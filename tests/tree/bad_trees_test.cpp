#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coppice/tree/tree_file.hpp>

#include "fake_catalogue.hpp"
#include "temporary_directory.hpp"

// Tests run at the top of the source tree.

namespace {

using namespace coppice;
using namespace coppice::tests;
namespace fs = std::filesystem;

std::string contents(fs::path const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

// The faults as the command prints them, with the bare name of the file.
std::string faults_shown(std::string const& path) {
  tree_file const read = read_tree_file(path, fake_catalogue{});
  CHECK_FALSE(read.root.has_value());
  std::string text = read.faults.text();
  std::string const directory = fs::path{path}.parent_path().string() + '/';
  for (std::size_t at = text.find(directory); at != std::string::npos; at = text.find(directory)) {
    text.erase(at, directory.size());
  }
  return text;
}

std::vector<fs::path> files_with(std::string const& extension) {
  std::vector<fs::path> result;
  for (auto const& entry : fs::directory_iterator{"tests/bad_trees"}) {
    if (entry.path().extension() == extension) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

// What `read_tree_file` says to a user without privileges: asked in a child process that has given them up.
std::string faults_without_privileges(std::string const& path) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(2);
    std::string const text = read_tree_file(path, fake_catalogue{}).faults.text();
    ssize_t const written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 3);
  }
  ::close(ends[1]);
  std::string text;
  char part[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;)
    text.append(part, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) return "privileges cannot be dropped here";
  CHECK(status == 0);
  return text;
}

}  // namespace

TEST_SUITE("bad trees") {
  TEST_CASE("every bad tree is answered with exactly the text beside it") {
    auto const trees = files_with(".json");
    CHECK(trees.size() >= 45);
    for (fs::path const& tree : trees) {
      CAPTURE(tree.filename().string());
      fs::path const expected = fs::path{tree}.replace_extension(".expected");
      REQUIRE(fs::exists(expected));
      CHECK(faults_shown(tree.string()) == contents(expected));
    }
  }

  TEST_CASE("every expected text has its tree") {
    for (fs::path const& expected : files_with(".expected")) {
      CAPTURE(expected.filename().string());
      CHECK(fs::exists(fs::path{expected}.replace_extension(".json")));
    }
  }

  TEST_CASE("a file that is missing is named") {
    temporary_directory const directory;
    CHECK(faults_shown(directory.path("missing.json")) ==
          "missing.json: no such file. Check the name and the directory.\n");
    directory.write("file", "");
    CHECK(faults_shown(directory.path("file") + "/tree.json") ==
          "tree.json: no such file: a part of its path is not a directory.\n");
  }

  TEST_CASE("a directory is no tree") {
    temporary_directory const directory;
    fs::create_directory(directory.path("trees"));
    CHECK(faults_shown(directory.path("trees")) ==
          "trees: expected a regular file; found a directory. Name a file in it.\n");
  }

  TEST_CASE("a fifo without a writer is refused, not waited for") {
    temporary_directory const directory;
    std::string const path = directory.path("fifo");
    REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
    CHECK(faults_shown(path) ==
          "fifo: expected a regular file; found a fifo. To read from a pipe give - and feed standard input.\n");
  }

  TEST_CASE("a device is refused") {
    CHECK(faults_shown("/dev/zero") ==
          "zero: expected a regular file; found a character device. To read from a pipe give - and feed standard "
          "input.\n");
  }

  TEST_CASE("a file of 100 MB is refused by its size, unread") {
    temporary_directory const directory;
    std::string const path = directory.write("big.json", "");
    fs::resize_file(path, 100'000'000);
    CHECK(faults_shown(path) ==
          "big.json: 100,000,000 bytes are too many; the limit is 16,777,216 (16 MiB). Replicas need no lines of their "
          "own: "
          "see \"count\".\n");
  }

  TEST_CASE("a file of exactly 16 MiB is read") {
    temporary_directory const directory;
    std::string text = "{\"id\": \"root\"}";
    text.resize(std::size_t{16} * 1024 * 1024, ' ');
    CHECK(read_tree_file(directory.write("full.json", text), fake_catalogue{}).root.has_value());
    text += ' ';
    CHECK_FALSE(read_tree_file(directory.write("over.json", text), fake_catalogue{}).root.has_value());
  }

  TEST_CASE("a file that the user may not read is refused with the reason") {
    temporary_directory const directory;
    std::string const path = directory.write("secret.json", "{\"id\": \"root\"}");
    REQUIRE(::chmod(path.c_str(), 0) == 0);
    std::string const said = faults_without_privileges(path);
    if (said == "privileges cannot be dropped here") {
      MESSAGE("skipped: ", said);
      return;
    }
    CHECK(said == path + ": permission to read it is denied. Allow it with chmod, or run as a user who may read it.\n");
  }

  TEST_CASE("of 10,000 faults the first hundred are shown, and how many more there are") {
    temporary_directory const directory;
    std::string text = "{\"id\": \"root\", \"children\": [";
    for (int i = 0; i < 10'000; ++i)
      text += (i == 0 ? "" : ",\n") + std::string{"{\"id\": \"a"} + std::to_string(i) + "\"}";
    std::string const shown = faults_shown(directory.write("many.json", text + "]}"));
    CHECK(std::count(shown.begin(), shown.end(), '\n') == 101);
    CHECK(shown.starts_with("many.json:/children/0: missing key \"start\"."));
    CHECK(shown.ends_with("many.json: and 9,900 more faults.\n"));
  }

  TEST_CASE("a file of nothing but faults is given up after 100,000 of them") {
    temporary_directory const directory;
    std::string text = "{\"id\": \"root\", \"children\": [0";
    for (int i = 0; i < 150'000; ++i) text += ",0";
    CHECK(faults_shown(directory.write("zeros.json", text + "]}"))
              .ends_with("zeros.json: and at least 99,900 more faults.\n"));
  }

  TEST_CASE("faults of a file with a strange name do not touch the terminal") {
    temporary_directory const directory;
    std::string const path = directory.write("a\x1b[31m\nb.json", "");
    CHECK(faults_shown(path).starts_with("a\\u001b[31m\\u000ab.json: the file is empty;"));
  }
}

TEST_SUITE("good trees") {
  TEST_CASE("every good tree is read without a fault") {
    std::size_t trees = 0;
    for (auto const& entry : fs::directory_iterator{"tests/good_trees"}) {
      CAPTURE(entry.path().string());
      tree_file const read = read_tree_file(entry.path().string(), fake_catalogue{});
      CHECK(read.root.has_value());
      CHECK(read.faults.text() == "");
      ++trees;
    }
    CHECK(trees >= 12);
  }

  TEST_CASE("a dash is standard input") {
    temporary_directory const directory;
    std::string const path = directory.write("tree.json", "{\"id\": \"from_stdin\"}");
    int const saved = ::dup(STDIN_FILENO);
    int const file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(file >= 0);
    ::dup2(file, STDIN_FILENO);
    tree_file const read = read_tree_file("-", fake_catalogue{});
    tree_file const again = read_tree_file("-", fake_catalogue{});
    if (saved >= 0) ::dup2(saved, STDIN_FILENO);
    ::close(saved);
    ::close(file);
    REQUIRE(read.root.has_value());
    CHECK(read.root->id == "from_stdin");
    CHECK(again.faults.text().starts_with("standard input: the file is empty;"));
  }
}
