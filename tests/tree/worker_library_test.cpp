#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "process/process_testing.hpp"
#include "temporary_directory.hpp"

namespace {

using namespace coppice;  // NOLINT(google-build-using-namespace)
using coppice::tests::temporary_directory;
namespace fs = std::filesystem;

// A library that the build makes for tests.
std::string made(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) throw std::runtime_error{std::string{variable} + " is not set; run this through meson test"};
  return path;
}

std::string names_of(const worker_registry& registry) {
  std::string text;
  for (const auto name : registry.names()) text += (text.empty() ? "" : " ") + std::string{name};
  return text;
}

// What is said of a library that is refused; empty when it is not.
std::string refusal(const std::string& path, worker_registry& into) {
  try {
    load_worker_library(path, into);
  } catch (const std::runtime_error& refused) {
    return refused.what();
  }
  return "";
}

std::string refusal(const std::string& path) {
  worker_registry into;
  std::string text = refusal(path, into);
  // Nothing comes of a library that is refused.
  CHECK(into.names().empty());
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

class resident : public server<resident> {};

// Makes a directory the working directory, while it lives.
class inside {
 public:
  explicit inside(const std::string& directory) : before_{fs::current_path()} { fs::current_path(directory); }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  ~inside() { fs::current_path(before_); }

 private:
  fs::path before_;
};

}  // namespace

TEST_SUITE("worker library") {
  TEST_CASE("a library adds its workers to those that are there") {
    worker_registry registry;
    registry.add<resident>("resident");
    load_worker_library(made("COPPICE_TEST_WORKERS"), registry);
    CHECK(names_of(registry) == "broken employer erratic frail fuse gated rapt regicide resident slow stubborn unborn");
  }

  TEST_CASE("a worker out of a library checks its args, and is started with them") {
    worker_registry registry;
    load_worker_library(made("COPPICE_TEST_WORKERS"), registry);
    std::vector<arg_fault> faults;
    registry.read_args("slow", nlohmann::json{{"stop_ms", "soon"}}, faults);
    REQUIRE(faults.size() == 1);
    CHECK(faults.front().pointer == "/stop_ms");
    coppice::testing::in_virtual_time([&registry] {
      const start_result started =
          registry.find("slow")->start({nlohmann::json{{"stop_ms", 5}}, {}}, {.name = "snail"});
      CHECK(static_cast<bool>(started));
      const auto described = process_info(started.process(), info::registered_name, info::initial_call);
      CHECK(described.value_or(process_description{}).registered_name == "snail");
      CHECK(contains(described.value_or(process_description{}).initial_call, "command_workers::slow"));
    });
  }

  TEST_CASE("a library can be loaded into another registry as well") {
    for (int i = 0; i < 2; ++i) {
      worker_registry registry;
      load_worker_library(made("COPPICE_TEST_WORKERS"), registry);
      CHECK(registry.knows("fuse"));
    }
  }

  TEST_CASE("a library that is loaded twice into one registry is refused, and what is there stays") {
    worker_registry registry;
    load_worker_library(made("COPPICE_TEST_WORKERS"), registry);
    const std::string said = refusal(made("COPPICE_TEST_WORKERS"), registry);
    CHECK(contains(said, "a worker named \"fuse\" is registered already"));
    CHECK(said.ends_with(". The library has been loaded before; if it was named twice, name it once"));
    CHECK(names_of(registry) == "broken employer erratic frail fuse gated rapt regicide slow stubborn unborn");
  }

  TEST_CASE("it is the same library under another name of its file") {
    const temporary_directory directory;
    const std::string link = directory.path("link.so");
    fs::create_symlink(made("COPPICE_TEST_WORKERS"), link);
    worker_registry registry;
    load_worker_library(made("COPPICE_TEST_WORKERS"), registry);
    CHECK(refusal(link, registry).ends_with("name it once"));
  }

  TEST_CASE("a name that is taken refuses the library, and its holder stays") {
    worker_registry registry;
    registry.add<resident>("calc");
    const std::string path = made("COPPICE_TEST_TAKEN_NAME");
    CHECK(refusal(path, registry) ==
          path +
              ": its registration of workers failed: coppice: a worker named \"calc\" is registered already; choose "
              "another name");
    coppice::testing::in_virtual_time([&registry] {
      const start_result started = registry.find("calc")->start({nlohmann::json::object(), {}}, {});
      const auto described = process_info(started.process(), info::initial_call);
      CHECK(contains(described.value_or(process_description{}).initial_call, "resident"));
    });
  }

  TEST_CASE("a registration that throws in the middle leaves nothing behind, whatever it throws") {
    const std::string path = made("COPPICE_TEST_THROWING");
    CHECK(refusal(path) == path + ": its registration of workers failed: it threw something that is no std::exception");
  }

  TEST_CASE("a library for another version of the interface is refused, and both versions are named") {
    const std::string path = made("COPPICE_TEST_OTHER_ABI");
    CHECK(refusal(path) == path + ": was built for version 999 of the worker interface, this program has version " +
                               std::to_string(worker_abi_version) +
                               "; build it again with the headers of this version");
  }

  TEST_CASE("a library without the function, or without the version, is no worker library") {
    const std::string without_function = made("COPPICE_TEST_NO_WORKERS");
    CHECK(refusal(without_function) == without_function +
                                           ": is no worker library: it exports no coppice_register_workers; define "
                                           "its workers with COPPICE_WORKERS");
    const std::string without_version = made("COPPICE_TEST_NO_VERSION");
    CHECK(refusal(without_version) == without_version +
                                          ": is no worker library: it exports no coppice_worker_abi; define "
                                          "its workers with COPPICE_WORKERS");
  }

  TEST_CASE("a missing file, a text, a program and an empty file cannot be loaded, and the reason is said") {
    const temporary_directory directory;
    CHECK(contains(refusal(directory.path("none.so")),
                   "none.so: cannot be loaded as a worker library: " + directory.path("none.so") + ": "));
    CHECK(contains(refusal(directory.path("none.so")), "No such file or directory"));
    CHECK(contains(refusal(directory.write("text.so",
                                           "no library at all, but long enough to have a header of ELF's "
                                           "size, if it were one")),
                   "invalid ELF header"));
    CHECK(contains(refusal(directory.write("empty.so", "")), "file too short"));
    CHECK(contains(refusal("/bin/sh"), "cannot be loaded as a worker library: "));
  }

  TEST_CASE("a directory, a device and a fifo without a writer are refused, not waited for") {
    const temporary_directory directory;
    const std::string fifo = directory.path("fifo.so");
    REQUIRE(::mkfifo(fifo.c_str(), 0644) == 0);
    const std::string expected =
        ": cannot be loaded as a worker library: expected a shared library, a regular file; found ";
    CHECK(refusal(fifo) == fifo + expected + "a fifo");
    CHECK(refusal(directory.path("")) == directory.path("") + expected + "a directory");
    CHECK(refusal("/dev/null") == "/dev/null" + expected + "a character device");
  }

  // What is behind the parts that are mapped, such as debug information, may be missing.
  TEST_CASE("a library that was cut off within what the loader maps is refused") {
    std::ifstream file{made("COPPICE_TEST_WORKERS"), std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{file}, {}};
    const temporary_directory directory;
    for (const std::size_t size : {std::size_t{10}, std::size_t{70}, std::size_t{2000}, std::size_t{5000}}) {
      const std::string said = refusal(directory.write("cut.so", std::string_view{whole}.substr(0, size)));
      CHECK_MESSAGE(contains(said, size < 64 ? "file too short" : "it is cut off: "), said);
    }
    worker_registry registry;
    load_worker_library(directory.write("whole.so", whole), registry);
    CHECK(registry.knows("fuse"));
  }

  TEST_CASE("a name without a slash is a file in the working directory, and is looked for nowhere else") {
    const temporary_directory directory;
    fs::create_symlink(made("COPPICE_TEST_WORKERS"), directory.path("mine.so"));
    const inside there{directory.path("")};
    worker_registry registry;
    load_worker_library("mine.so", registry);
    CHECK(registry.knows("fuse"));
    CHECK(refusal("libc.so.6").starts_with("libc.so.6: cannot be loaded as a worker library: ./libc.so.6: "));
  }

  TEST_CASE("a refusal of a file with a strange name does not touch the terminal") {
    const temporary_directory directory;
    const std::string said = refusal(directory.path("a\x1b[31m\nb.so"));
    CHECK(contains(said, "a\\u001b[31m\\u000ab.so: cannot be loaded"));
    CHECK(said.find('\x1b') == std::string::npos);
    CHECK(said.find('\n') == std::string::npos);
  }
}
