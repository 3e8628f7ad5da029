#include "program.hpp"

#include <optional>

#include <coppice/coppice.hpp>

namespace bench {

int coppice_program(int count, char** arguments, std::initializer_list<workload> workloads) {
  // What is killed on purpose by the thousand is no news. Erlang's logger is off as well.
  coppice::set_log_level(std::nullopt);
  return run_program(count, arguments, "coppice", workloads,
                     [](const settings& asked, const std::function<void()>& run) {
                       coppice::runtime_options options;
                       options.threads = asked.threads;
                       const int status = coppice::run([&run] { run(); }, options);
                       expect(status == 0, "main has not crashed");
                     });
}

}  // namespace bench
