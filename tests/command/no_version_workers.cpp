// A library that has the function that registers workers, and no version.

extern "C" __attribute__((visibility("default"))) void coppice_register_workers(void*);
extern "C" void coppice_register_workers(void*) {}
