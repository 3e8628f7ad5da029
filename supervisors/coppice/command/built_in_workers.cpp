#include <calc/calc.hpp>

#include <coppice/command/built_in_workers.hpp>
#include <coppice/tree/worker_library.hpp>

namespace coppice::command {

worker_registry workers_with(const std::vector<std::string>& libraries) {
  worker_registry workers;
  workers.add<calc_sample::calc>("calc");
  for (const auto& each : libraries) {
    try {
      load_worker_library(each, workers);
    } catch (const std::runtime_error& refused) {
      throw library_fault{refused.what()};
    }
  }
  return workers;
}

}  // namespace coppice::command
