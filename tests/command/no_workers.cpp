// A shared library without workers.

extern "C" __attribute__((visibility("default"))) int an_answer();
extern "C" int an_answer() {
  return 42;
}
