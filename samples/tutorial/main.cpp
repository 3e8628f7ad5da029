// The tutorial as a program: prints what it prints, in its order. It takes what the tutorial takes, about fifteen
// seconds; with `--virtual` the same seconds pass on a clock that waits for nobody.

#include <iostream>
#include <string_view>

#include <coppice/process/runtime.hpp>

#include "tutorial.hpp"

int main(int argc, char** argv) {
  coppice::runtime_options options;
  if (argc == 2 && std::string_view{argv[1]} == "--virtual") {
    options.threads = 1;
    options.virtual_time = true;
  } else if (argc != 1) {
    std::cerr << "usage: tutorial [--virtual]\n"
                 "  --virtual  let the time pass on a virtual clock, at once\n";
    return 2;
  }
  tutorial::console out{std::cout};
  return coppice::run([&out] { tutorial::walk(out); }, options);
}
