// Built, as it says, for a version of the worker interface that never was.

#include <coppice/tree/worker_registry.hpp>

extern "C" {
__attribute__((visibility("default"))) extern const unsigned coppice_worker_abi_version;
const unsigned coppice_worker_abi_version = 4711;

__attribute__((visibility("default"))) void coppice_register_workers(coppice::worker_registry& /*registry*/);
void coppice_register_workers(coppice::worker_registry& /*registry*/) {
  __builtin_trap();  // whoever calls this has not looked at the version
}
}
