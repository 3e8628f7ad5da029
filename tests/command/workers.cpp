// Workers that misbehave on request, as a library for `coppice run --load`.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

#include <boost/describe/class.hpp>
#include <unistd.h>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/worker_library.hpp>

namespace command_workers {

struct go {};
struct never_sent {};

struct fuse_args {
  std::uint32_t burns = 1;  ///< So many lives of this class, in the whole program, end by themselves.
  std::string reason = "burnt";
};
BOOST_DESCRIBE_STRUCT(fuse_args, (), (burns, reason))

/// Ends by itself as soon as it has started: with its reason, `throw` for an exception.
class fuse : public coppice::server<fuse, go> {
 public:
  using args = fuse_args;

  explicit fuse(args given) : args_{std::move(given)} {
    if (lives_.fetch_add(1) < args_.burns) coppice::send(coppice::self(), go{});
  }

  void handle(go /*now*/) {
    if (args_.reason == "throw") throw std::runtime_error{"the disk is full"};
    if (args_.reason == "report") {
      coppice::report(coppice::log_level::warning, coppice::self(), "the disk is nearly full");
      return;
    }
    stop(coppice::exit_reason::parse(args_.reason));
  }

 private:
  static inline std::atomic<std::uint32_t> lives_{0};
  args args_;
};

struct slow_args {
  std::uint32_t stop_ms = 0;
};
BOOST_DESCRIBE_STRUCT(slow_args, (), (stop_ms))

/// Traps exits, and takes its time to terminate.
class slow : public coppice::server<slow> {
 public:
  using args = slow_args;

  explicit slow(args given) : takes_{given.stop_ms} { coppice::process_flag(coppice::trap_exit, true); }
  void terminate(const coppice::exit_reason&) { coppice::sleep(takes_); }

 private:
  std::chrono::milliseconds takes_;
};

/// Cannot start.
class broken : public coppice::server<broken> {
 public:
  broken() { throw coppice::error{"no_disk"}; }
};

struct gated_args {
  std::string gate;
};
BOOST_DESCRIBE_STRUCT(gated_args, (), (gate))

/// Starts when somebody has opened the fifo `gate` for writing.
class gated : public coppice::server<gated> {
 public:
  using args = gated_args;

  explicit gated(const args& given) {
    coppice::blocking([&given] { std::ifstream{given.gate}; });
  }
};

/// Keeps its thread until somebody has opened the fifo `gate` for writing.
class rapt : public coppice::server<rapt, go> {
 public:
  using args = gated_args;

  explicit rapt(args given) : given_{std::move(given)} { coppice::send(coppice::self(), go{}); }
  void handle(go /*now*/) { std::ifstream{given_.gate}; }

 private:
  args given_;
};

/// Kills its supervisor, as soon as that has started.
class regicide : public coppice::server<regicide, go> {
 public:
  regicide() { coppice::send(coppice::self(), go{}); }

  void handle(go /*now*/) {
    const coppice::pid supervisor = coppice::ancestors().front();
    // It does not answer before it has started all its children.
    coppice::count_children(supervisor);
    coppice::exit(supervisor, coppice::exit_reason::kill());
  }
};

/// Ends with a reason that is another one in each program.
class erratic : public coppice::server<erratic, go> {
 public:
  erratic() { coppice::send(coppice::self(), go{}); }
  void handle(go /*now*/) { stop(coppice::exit_reason{"p" + std::to_string(::getpid())}); }
};

/// Waits in its handler for what nobody sends.
class stubborn : public coppice::server<stubborn, go> {
 public:
  stubborn() { coppice::send(coppice::self(), go{}); }
  void handle(go /*now*/) {
    coppice::receive([](never_sent) {});
  }
};

/// Never finishes its start.
class unborn : public coppice::server<unborn> {
 public:
  unborn() {
    coppice::receive([](never_sent) {});
  }
};

/// Crashes after a random time, up to ten minutes.
class frail : public coppice::server<frail, go> {
 public:
  frail() { coppice::send_after(std::chrono::milliseconds{coppice::draw_below(600'000)}, coppice::self(), go{}); }
  void handle(go /*now*/) { throw coppice::error{"worn_out"}; }
};

/// Has a helper that it ends when it terminates: if it does.
class employer : public coppice::server<employer> {
 public:
  employer() {
    coppice::process_flag(coppice::trap_exit, true);
    helper_ = coppice::spawn([] { coppice::receive([](go) {}); });
  }
  void terminate(const coppice::exit_reason& /*why*/) const { coppice::send(helper_, go{}); }

 private:
  coppice::pid helper_;
};

}  // namespace command_workers

COPPICE_WORKERS(registry) {
  registry.add<command_workers::fuse>("fuse");
  registry.add<command_workers::slow>("slow");
  registry.add<command_workers::broken>("broken");
  registry.add<command_workers::gated>("gated");
  registry.add<command_workers::rapt>("rapt");
  registry.add<command_workers::regicide>("regicide");
  registry.add<command_workers::erratic>("erratic");
  registry.add<command_workers::stubborn>("stubborn");
  registry.add<command_workers::frail>("frail");
  registry.add<command_workers::unborn>("unborn");
  registry.add<command_workers::employer>("employer");
}
