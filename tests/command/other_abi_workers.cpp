// A library of workers that was built for another version of the interface.

extern "C" __attribute__((visibility("default"))) const unsigned coppice_worker_abi_version;
extern "C" const unsigned coppice_worker_abi_version = 999;

extern "C" __attribute__((visibility("default"))) void coppice_register_workers(void*);
extern "C" void coppice_register_workers(void*) {}
