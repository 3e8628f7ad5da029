#include <stdexcept>

#include <boost/dll/shared_library.hpp>
#include <fmt/format.h>

#include <coppice/tree/worker_library.hpp>

namespace coppice {

void load_worker_library(const std::string& path, worker_registry& into) {
  namespace dll = boost::dll;
  dll::shared_library library;
  std::error_code failed;
  // A bare name is a file in this directory too, not something to look for along the system's paths.
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library.load(file, failed, dll::load_mode::rtld_now | dll::load_mode::rtld_global);
  if (failed) {
    const char* why = ::dlerror();
    throw std::runtime_error{
        fmt::format("{}: cannot be loaded as a worker library: {}", path, why != nullptr ? why : failed.message())};
  }
  if (!library.has("coppice_register_workers") || !library.has("coppice_worker_abi_version")) {
    throw std::runtime_error{fmt::format(
        "{}: is no worker library: it exports no coppice_register_workers; define its workers with COPPICE_WORKERS",
        path)};
  }
  const unsigned version = library.get<const unsigned>("coppice_worker_abi_version");
  if (version != worker_abi_version) {
    throw std::runtime_error{
        fmt::format("{}: was built for version {} of the worker interface, this program has version {}; "
                    "build it again with the headers of this version",
                    path, version, worker_abi_version)};
  }
  auto& fill = library.get<void(worker_registry&)>("coppice_register_workers");
  // Never unloaded: processes may run its code, and its types lie in queues, until the program ends.
  static auto* const loaded = new std::vector<dll::shared_library>;
  loaded->push_back(library);
  try {
    fill(into);
  } catch (const std::exception& thrown) {
    throw std::runtime_error{fmt::format("{}: its registration of workers failed: {}", path, thrown.what())};
  }
}

}  // namespace coppice
