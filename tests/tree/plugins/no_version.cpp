// Has workers, and does not say for which version of their interface.

#include <coppice/tree/worker_registry.hpp>

extern "C" __attribute__((visibility("default"))) void coppice_register_workers(coppice::worker_registry& /*registry*/);
extern "C" void coppice_register_workers(coppice::worker_registry& /*registry*/) {
  __builtin_trap();
}
