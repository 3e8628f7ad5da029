// Registers a name that another library has.

#include <coppice/behaviours/server.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace name_twice {

struct nothing {};

class idle : public coppice::server<idle, nothing> {
 public:
  void handle(nothing /*told*/) {}
};

}  // namespace name_twice

COPPICE_WORKERS(registry) {
  registry.add<name_twice::idle>("counter");
}
