// A library whose registration of workers fails in the middle.

#include <coppice/behaviours/server.hpp>
#include <coppice/tree/worker_library.hpp>

namespace {

class early : public coppice::server<early> {};

}  // namespace

COPPICE_WORKERS(registry) {
  registry.add<early>("early");
  throw 42;
}
