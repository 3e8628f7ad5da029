#include <algorithm>
#include <stdexcept>
#include <vector>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include <coppice/tree/library_file.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/worker_library.hpp>

namespace coppice {

namespace {

namespace dll = boost::dll;

constexpr const char* entry = "coppice_register_workers";
constexpr const char* abi_version = "coppice_worker_abi";

dll::shared_library open(const std::string& path, const std::string& shown) {
  const auto refuse = [&shown](std::string_view why) {
    throw std::runtime_error{
        fmt::format("{}: cannot be loaded as a worker library: {}", shown, detail::printable(why))};
  };
  if (const std::string fault = detail::library_file_fault(path); !fault.empty()) refuse(fault);
  dll::shared_library library;
  std::error_code failed;
  // A bare name is a file in this directory too: Boost.DLL looks along the system's paths only when told to.
  library.load(path, failed, dll::load_mode::rtld_now | dll::load_mode::rtld_global);
  if (failed) {
    const char* why = ::dlerror();
    refuse(why != nullptr ? why : failed.message());
  }
  return library;
}

void check_interface(const dll::shared_library& library, const std::string& shown) {
  for (const char* needed : {entry, abi_version}) {
    if (library.has(needed)) continue;
    throw std::runtime_error{fmt::format(
        "{}: is no worker library: it exports no {}; define its workers with COPPICE_WORKERS", shown, needed)};
  }
  const unsigned version = library.get<unsigned()>(abi_version)();
  if (version == worker_abi_version) return;
  throw std::runtime_error{
      fmt::format("{}: was built for version {} of the worker interface, this program has version {}; "
                  "build it again with the headers of this version",
                  shown, version, worker_abi_version)};
}

// All of them, or none: the library fills a copy.
void register_workers(const dll::shared_library& library, worker_registry& into) {
  worker_registry filled = into;
  library.get<void(worker_registry&)>(entry)(filled);
  for (const auto name : filled.names()) {
    if (!into.knows(name)) into.add(std::string{name}, *filled.find(name));
  }
}

}  // namespace

void load_worker_library(const std::string& path, worker_registry& into) {
  const std::string shown = detail::printable(path);
  const dll::shared_library library = open(path, shown);
  check_interface(library, shown);
  // Never unloaded: processes may run its code, and its types lie in queues, until the program ends.
  static auto* const loaded = new std::vector<dll::shared_library>;
  // It may be loaded into another registry as well, but not into the same one.
  const bool is_known = std::find(loaded->begin(), loaded->end(), library) != loaded->end();
  if (!is_known) loaded->push_back(library);
  std::string why;
  try {
    register_workers(library, into);
    return;
  } catch (const std::exception& thrown) {
    why = thrown.what();
  } catch (...) {
    why = "it threw something that is no std::exception";
  }
  throw std::runtime_error{
      fmt::format("{}: its registration of workers failed: {}{}", shown, detail::printable(why),
                  is_known ? ". The library has been loaded before; if it was named twice, name it once" : "")};
}

}  // namespace coppice
