#pragma once

#include <initializer_list>

#include "../driver/occasion.hpp"

namespace bench {

/// The main of a benchmark program of Coppice: each workload runs in a process of a runtime of its own, main's.
int coppice_program(int count, char** arguments, std::initializer_list<workload> workloads);

}  // namespace bench
