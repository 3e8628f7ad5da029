// A library of workers that was built for another version of the interface.

extern "C" __attribute__((visibility("default"))) unsigned coppice_worker_abi();
extern "C" unsigned coppice_worker_abi() {
  return 999;
}

extern "C" __attribute__((visibility("default"))) void coppice_register_workers(void*);
extern "C" void coppice_register_workers(void*) {}
