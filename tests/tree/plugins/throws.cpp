// Its registration fails with what is no std::exception.

#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>

COPPICE_WORKERS(registry) {
  static_cast<void>(registry);
  throw 42;  // NOLINT(hicpp-exception-baseclass)
}
