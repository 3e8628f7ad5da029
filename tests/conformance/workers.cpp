// The workers of the comparison with OTP. README.md tells what each does; otp/conformance_worker.erl is the other side.

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace conformance_workers {

/// Answers 0 here: only a calc has a value.
struct view {
  using reply = double;
};

struct trapper_args {
  std::int64_t stop_after_ms = 0;
};
BOOST_DESCRIBE_STRUCT(trapper_args, (), (stop_after_ms))

/// Traps exits and takes a while to terminate.
class trapper : public coppice::server<trapper, view> {
 public:
  using args = trapper_args;

  static void check(const args& given, std::vector<coppice::arg_fault>& faults) {
    if (given.stop_after_ms >= 0) return;
    faults.push_back({"/stop_after_ms",
                      "expected milliseconds (a whole number, 0 or more); got " + std::to_string(given.stop_after_ms)});
  }

  explicit trapper(args given) : stop_after_(given.stop_after_ms) { coppice::process_flag(coppice::trap_exit, true); }

  double handle(view /*asked*/) const { return 0; }
  void handle_info(coppice::message& /*ignored*/) {}
  void terminate(const coppice::exit_reason& /*reason*/) { coppice::sleep(stop_after_); }

 private:
  std::chrono::milliseconds stop_after_;
};

/// Traps exits, and crashes when it is to terminate.
class bad_terminate : public coppice::server<bad_terminate, view> {
 public:
  bad_terminate() { coppice::process_flag(coppice::trap_exit, true); }

  double handle(view /*asked*/) const { return 0; }
  void handle_info(coppice::message& /*ignored*/) {}
  void terminate(const coppice::exit_reason& /*reason*/) { coppice::exit("bad_terminate"); }
};

/// Asks to be ignored.
class ignorer : public coppice::server<ignorer, view> {
 public:
  ignorer() { coppice::ignore(); }

  double handle(view /*asked*/) const { return 0; }
};

/// Leaves its supervisor's link, and ends with it nevertheless.
class loner : public coppice::server<loner, view> {
 public:
  loner() {
    const coppice::pid supervisor = coppice::ancestors().front();
    coppice::unlink(supervisor);
    coppice::monitor(supervisor);
  }

  double handle(view /*asked*/) const { return 0; }
  void handle_info(coppice::message& other) {
    if (const auto* end = other.get_if<coppice::down>()) stop(end->reason);
  }
};

/// What a stubborn one tells its supervisor when it traps exits.
struct ready {
  coppice::pid from;
};

/// Traps exits, and does not end when its supervisor says `shutdown`. No server: one of those obeys its parent always.
void be_stubborn(coppice::pid supervisor) {
  coppice::process_flag(coppice::trap_exit, true);
  coppice::send(supervisor, ready{coppice::self()});
  for (;;) {
    coppice::receive(
        [supervisor](const coppice::exit_signal& signal) {
          if (signal.sender == supervisor && signal.reason != coppice::exit_reason::shutdown())
            coppice::exit(signal.reason);
        },
        [](const coppice::message& /*ignored*/) {});
  }
}

coppice::start_result start_stubborn(const coppice::worker_args& /*args*/, const coppice::start_options& options) {
  const coppice::pid supervisor = coppice::self();
  const coppice::pid started =
      coppice::spawn_link([supervisor] { be_stubborn(supervisor); }, coppice::spawn_options{.stack = options.stack});
  coppice::exit_reason failed;
  const bool is_ready = coppice::receive(
      coppice::when([started](const ready& each) { return each.from == started; }, [](ready) { return true; }),
      coppice::when([started](const coppice::exit_signal& each) { return each.sender == started; },
                    [&failed](const coppice::exit_signal& each) {
                      failed = each.reason;
                      return false;
                    }));
  if (!is_ready) return coppice::start_result::failed(failed);
  if (!options.name.empty()) coppice::register_name(options.name, started);
  return coppice::start_result::ok(started);
}

}  // namespace conformance_workers

COPPICE_WORKERS(registry) {
  using namespace conformance_workers;
  registry.add<trapper>("trapper");
  registry.add<bad_terminate>("bad_terminate");
  registry.add<ignorer>("ignorer");
  registry.add<loner>("loner");
  registry.add("stubborn", coppice::worker{.read = {}, .start = start_stubborn, .handlers = {}});
}
