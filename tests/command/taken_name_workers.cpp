// A library that wants to register a worker under a name that the command has taken.

#include <coppice/behaviours/server.hpp>
#include <coppice/tree/worker_library.hpp>

namespace {

class impostor : public coppice::server<impostor> {};

}  // namespace

COPPICE_WORKERS(registry) {
  registry.add<impostor>("calc");
}
