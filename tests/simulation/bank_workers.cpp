// The workers of samples/chaos/bank.json, for `coppice chaos --load`: the sample has them in a program of its own.

#include <chaos/bank.hpp>

#include <coppice/tree/worker_library.hpp>

COPPICE_WORKERS(registry) {
  registry.add<bank::vault>("vault");
  registry.add<bank::careful_teller>("teller");
}
