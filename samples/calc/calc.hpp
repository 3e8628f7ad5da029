#pragma once

#include <cmath>
#include <string>

#include <boost/describe/class.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process.hpp>

namespace calc_sample {

/// What a calculator understands. In JSON: `{"add": 20}`.
namespace messages {

/// Answers the current value.
struct view {
  using reply = double;
};
struct add {
  double value = 0;
};
struct sub {
  double value = 0;
};
struct mult {
  double value = 0;
};
struct div {
  double value = 0;
};

}  // namespace messages

/// What a calculator is started with. In JSON: `{"initial": 5}`.
struct args {
  double initial = 0;
};
BOOST_DESCRIBE_STRUCT(args, (), (initial))

/// What every calculation goes through. As in Erlang's arithmetic there is neither infinity nor NaN: what would be one
/// is the error `badarith`, first of all a division by zero.
inline double checked(double result) {
  if (!std::isfinite(result)) throw coppice::error{"badarith"};
  return result;
}

/// The tutorial's calculator as a server: a number, and messages that change it.
///
/// A division by zero ends it with `badarith`: its value is gone then, and the supervisor that starts it again gives it
/// its initial one. A message that it does not know is reported, and the value stays. It does not trap exits.
///
///     coppice::pid c = calc::start();
///     calc::add(c, 20);
///     double twenty = calc::view(c);
class calc : public coppice::server<calc, messages::view, messages::add, messages::sub, messages::mult, messages::div> {
 public:
  using args = calc_sample::args;

  calc() = default;
  explicit calc(args given) : value_{checked(given.initial)} {}

  // Client functions: for any process. The tutorial's `Calc.add(calc_pid, 20)` is `calc::add(calc_pid, 20)`.

  /// A calculator without a supervisor.
  static coppice::pid start(double initial = 0) { return coppice::start<calc>(args{initial}).process(); }

  /// Waits for the answer, as `coppice::call` does; all before it from the same process has been done by then.
  static double view(coppice::pid calculator) { return coppice::call(calculator, messages::view{}); }

  static void add(coppice::pid calculator, double value) { coppice::cast(calculator, messages::add{value}); }
  static void sub(coppice::pid calculator, double value) { coppice::cast(calculator, messages::sub{value}); }
  static void mult(coppice::pid calculator, double value) { coppice::cast(calculator, messages::mult{value}); }
  static void div(coppice::pid calculator, double value) { coppice::cast(calculator, messages::div{value}); }

  // Handlers: the server calls them, one at a time, so that the value needs no lock.

  double handle(messages::view /*asked*/) const { return value_; }
  void handle(messages::add by) { value_ = checked(value_ + by.value); }
  void handle(messages::sub by) { value_ = checked(value_ - by.value); }
  void handle(messages::mult by) { value_ = checked(value_ * by.value); }
  void handle(messages::div by) { value_ = checked(value_ / by.value); }

  /// The tutorial's loop goes on with what `IO.puts` returned, so that there an unknown message costs the value. Here
  /// it costs nothing.
  void handle_info(coppice::message& unknown) {
    coppice::report(coppice::log_level::warning, coppice::self(), "Invalid message: " + unknown.text());
  }

 private:
  double value_ = 0;
};

}  // namespace calc_sample
