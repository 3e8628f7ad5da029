#include "program.hpp"

#include <optional>

#include <coppice/coppice.hpp>

namespace bench {

namespace {

struct pass_request {
  using reply = bool;
};

class gate : public coppice::server<gate, pass_request> {
 public:
  bool handle(pass_request) const { return true; }
};

}  // namespace

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

turnstile::turnstile() : server_{coppice::start_link<gate>().process().value()} {}

void turnstile::pass() const {
  coppice::call(coppice::pid::from_value(server_), pass_request{});
}

}  // namespace bench
