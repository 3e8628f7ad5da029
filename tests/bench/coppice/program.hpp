#pragma once

#include <initializer_list>

#include "../driver/occasion.hpp"

namespace bench {

/// The main of a benchmark program of Coppice: each workload runs in a process of a runtime of its own, main's.
int coppice_program(int count, char** arguments, std::initializer_list<workload> workloads);

/// Lets all that can run have a turn before it returns: a call to a server that does nothing.
class turnstile {
 public:
  turnstile();
  void pass() const;

 private:
  std::uint64_t server_;
};

}  // namespace bench
