#pragma once

#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/spawn.hpp>

#include "calc.hpp"

namespace calc_sample {

namespace messages {

/// The tutorial's `{:view, caller_pid}`: the question carries the address for the answer.
struct view_for {
  coppice::pid caller;
};

/// The tutorial's `{:response, value}`.
struct response {
  double value = 0;
};

}  // namespace messages

/// The tutorial's calculator as the tutorial writes it: a function that receives, and begins again with the new value.
///
/// Beside `calc` it shows what a server takes off its user: this one holds a stack for as long as it lives, and whoever
/// asks a dead one for its value waits for ever. A division by zero, and an unknown message, are treated as `calc`
/// does.
class calc_loop {
 public:
  static coppice::pid start(double initial = 0) {
    return coppice::spawn([initial] { loop(checked(initial)); });
  }

  static double view(coppice::pid calculator) {
    coppice::send(calculator, messages::view_for{coppice::self()});
    return coppice::receive([](messages::response answer) { return answer.value; });
  }

  static void add(coppice::pid calculator, double value) { coppice::send(calculator, messages::add{value}); }
  static void sub(coppice::pid calculator, double value) { coppice::send(calculator, messages::sub{value}); }
  static void mult(coppice::pid calculator, double value) { coppice::send(calculator, messages::mult{value}); }
  static void div(coppice::pid calculator, double value) { coppice::send(calculator, messages::div{value}); }

 private:
  // The tutorial's loop calls itself with the new value. C++ does not promise that this costs no stack, so here it
  // turns.
  [[noreturn]] static void loop(double current_value) {
    for (;;) {
      const double new_value = coppice::receive(
          [&](messages::view_for question) {
            coppice::send(question.caller, messages::response{current_value});
            return current_value;
          },
          [&](messages::add by) { return current_value + by.value; },
          [&](messages::sub by) { return current_value - by.value; },
          [&](messages::mult by) { return current_value * by.value; },
          [&](messages::div by) { return current_value / by.value; },
          [&](coppice::message unknown) {
            coppice::report(coppice::log_level::warning, coppice::self(), "Invalid message: " + unknown.text());
            return current_value;  // The tutorial's clause returns what `IO.puts` does: the value is lost there.
          });
      current_value = checked(new_value);
    }
  }
};

}  // namespace calc_sample
