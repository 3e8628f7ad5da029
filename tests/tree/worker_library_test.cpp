#include <cstdlib>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/process/link.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_message.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "process/process_testing.hpp"
#include "temporary_directory.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)

namespace {

// The libraries are built beside the tests, which are told where.
std::string plugin(const char* variable) {
  const char* const path = std::getenv(variable);
  if (path == nullptr) throw std::runtime_error{std::string{variable} + " is not set: run this by `meson test`"};
  return path;
}

// What loading fails with; empty if it does not.
std::string fault_of(const std::string& path, worker_registry& into) {
  try {
    load_worker_library(path, into);
  } catch (const std::runtime_error& thrown) {
    return thrown.what();
  }
  return {};
}

std::string fault_of(const std::string& path) {
  worker_registry into;
  const std::string fault = fault_of(path, into);
  CHECK(into.names().empty());
  return fault;
}

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("worker_library") {
  TEST_CASE("a library's workers are registered, checked, started and talked to like the program's own") {
    worker_registry workers;
    load_worker_library(plugin("COPPICE_PLUGIN_COUNTERS"), workers);
    REQUIRE(workers.knows("counter"));

    std::vector<arg_fault> faults;
    workers.check_args("counter", {{"from", -1}}, faults);
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].pointer == "/from");
    CHECK(faults[0].message == "expected 0 or more; got -1");

    in_virtual_time([&workers] {
      const worker& counter = *workers.find("counter");
      const pid started = counter.start({{"from", 40}}, {}).process();
      CHECK(check_worker_message(counter, {{"bump", 2}}).empty());
      send_worker_message(counter, started, {{"bump", 2}});
      CHECK(query_worker(counter, started, "view", default_call_timeout) == 42);
      CHECK_FALSE(check_worker_message(counter, {{"bumb", 2}}).empty());
    });
  }

  TEST_CASE("a library may be loaded into another registry again") {
    for (int i = 0; i < 2; ++i) {
      worker_registry workers;
      load_worker_library(plugin("COPPICE_PLUGIN_COUNTERS"), workers);
      CHECK(workers.names() == std::vector<std::string_view>{"counter"});
    }
  }

  TEST_CASE("a library for another version of the interface is refused before anything of it is called") {
    const std::string path = plugin("COPPICE_PLUGIN_WRONG_ABI");
    const std::string fault = fault_of(path);
    CHECK(fault.starts_with(path + ": "));
    CHECK(contains(fault, "4711"));
    CHECK(contains(fault, "this program has version " + std::to_string(worker_abi_version)));
    CHECK(contains(fault, "build it again"));
  }

  TEST_CASE("a library without workers is refused, and told what it lacks") {
    const std::string path = plugin("COPPICE_PLUGIN_NO_WORKERS");
    const std::string fault = fault_of(path);
    CHECK(fault.starts_with(path + ": is no worker library"));
    CHECK(contains(fault, "COPPICE_WORKERS"));
  }

  TEST_CASE("a library that does not say its version is refused before anything of it is called") {
    CHECK(contains(fault_of(plugin("COPPICE_PLUGIN_NO_VERSION")), "is no worker library"));
  }

  TEST_CASE("a name that is taken is refused, and the first worker of that name stays") {
    worker_registry workers;
    load_worker_library(plugin("COPPICE_PLUGIN_COUNTERS"), workers);
    const auto handlers = workers.find("counter")->handlers.size();
    const std::string path = plugin("COPPICE_PLUGIN_NAME_TWICE");
    const std::string fault = fault_of(path, workers);
    CHECK(fault.starts_with(path + ": "));
    CHECK(contains(fault, "a worker named \"counter\" is registered already"));
    CHECK(workers.find("counter")->handlers.size() == handlers);
  }

  TEST_CASE("a registration that throws what is no exception of the standard library is a fault of the library") {
    const std::string path = plugin("COPPICE_PLUGIN_THROWS");
    CHECK(fault_of(path).starts_with(path + ": its registration of workers failed"));
  }

  TEST_CASE("what is no library is refused with the file's name") {
    const tests::temporary_directory directory;
    for (const auto& [name, bytes] :
         std::vector<std::pair<std::string, std::string>>{{"empty.so", ""},
                                                          {"text.so", "this is no library\n"},
                                                          {"cut_off.so",
                                                           "\x7f"
                                                           "ELF"}}) {
      const std::string path = directory.write(name, bytes);
      const std::string fault = fault_of(path);
      CHECK_MESSAGE(fault.starts_with(path + ": cannot be loaded as a worker library"), fault);
    }
    CHECK(fault_of(directory.path("missing.so")).starts_with(directory.path("missing.so") + ": cannot be loaded"));
    CHECK(fault_of(directory.path("")).starts_with(directory.path("") + ": cannot be loaded"));
    CHECK(contains(fault_of("no_such_library_anywhere.so"), "cannot be loaded"));
  }
}
