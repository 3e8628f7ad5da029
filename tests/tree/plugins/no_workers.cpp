// A shared library, but none of workers.

extern "C" __attribute__((visibility("default"))) int the_answer();
extern "C" int the_answer() {
  return 42;
}
