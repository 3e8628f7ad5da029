#include "../../samples/calc/calc.hpp"

#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "../../samples/calc/calc_loop.hpp"
#include "process/process_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace calc_sample;

namespace {

/// The reason with which a calculator ends after `last`.
template <class Calculator, class Last>
std::string end_after(double initial, Last last) {
  const pid calculator = Calculator::start(initial);
  const reference watch = monitor(calculator);
  last(calculator);
  return reason_of(watch).to_string();
}

/// A calculator of that supervisor, when it has dealt with all that was sent to it before.
pid only_child(pid supervisor) {
  return which_children(supervisor).front().process;
}

}  // namespace

TEST_SUITE("calc") {
  TEST_CASE_TEMPLATE("0, +20, -5, x10 gives 150, and /2 gives 75", Calculator, calc, calc_loop) {
    on_one_thread_and_on_four([] {
      const pid calculator = Calculator::start();
      CHECK(Calculator::view(calculator) == 0);
      Calculator::add(calculator, 20);
      Calculator::sub(calculator, 5);
      Calculator::mult(calculator, 10);
      CHECK(Calculator::view(calculator) == 150);
      Calculator::div(calculator, 2);
      CHECK(Calculator::view(calculator) == 75);
    });
  }

  TEST_CASE_TEMPLATE("it begins with its initial value, and divides as real numbers do", Calculator, calc, calc_loop) {
    on_one_thread_and_on_four([] {
      const pid calculator = Calculator::start(7);
      Calculator::div(calculator, 2);
      CHECK(Calculator::view(calculator) == 3.5);
    });
  }

  TEST_CASE_TEMPLATE("a division by zero ends it with badarith", Calculator, calc, calc_loop) {
    on_one_thread_and_on_four([] {
      CHECK(end_after<Calculator>(7, [](pid it) { Calculator::div(it, 0); }) == "badarith");
      CHECK(end_after<Calculator>(0, [](pid it) { Calculator::div(it, 0); }) == "badarith");
      CHECK(end_after<Calculator>(7, [](pid it) { Calculator::div(it, -0.0); }) == "badarith");
    });
  }

  TEST_CASE_TEMPLATE("a result that is too large ends it with badarith, as in Erlang", Calculator, calc, calc_loop) {
    on_one_thread_and_on_four([] {
      CHECK(end_after<Calculator>(1e308, [](pid it) { Calculator::mult(it, 10); }) == "badarith");
      CHECK(end_after<Calculator>(1e308, [](pid it) { Calculator::add(it, 1e308); }) == "badarith");
    });
  }

  TEST_CASE_TEMPLATE("a message that it does not know is reported with its text, and the value stays", Calculator, calc,
                     calc_loop) {
    on_one_thread_and_on_four([] {
      const captured_log log;
      const pid calculator = Calculator::start(5);
      send(calculator, std::string{"hello"});
      CHECK(Calculator::view(calculator) == 5);
      const auto records = log.records();
      REQUIRE(records.size() == 1);
      CHECK(records.front().level == log_level::warning);
      CHECK(records.front().process == calculator);
      CHECK(records.front().text == "Invalid message: std::string \"hello\"");
    });
  }

  TEST_CASE_TEMPLATE("it does not trap exits", Calculator, calc, calc_loop) {
    on_one_thread_and_on_four(
        [] { CHECK(end_after<Calculator>(0, [](pid it) { exit(it, exit_reason::shutdown()); }) == "shutdown"); });
  }

  TEST_CASE("one that should begin with no number does not start") {
    on_one_thread_and_on_four([] {
      const start_result result = start<calc>(args{std::numeric_limits<double>::quiet_NaN()});
      CHECK(result.error().to_string() == "badarith");
    });
  }

  TEST_CASE("its supervisor restarts it from its initial value after a division by zero") {
    on_one_thread_and_on_four([] {
      supervisor_init init;
      init.children.push_back({.id = "calc", .start = starts<calc>({.name = "calc"}, args{7})});
      const pid supervisor = start_supervisor(std::move(init)).process();
      const pid first = only_child(supervisor);
      calc::add(first, 35);
      CHECK(calc::view(first) == 42);
      const reference watch = monitor(first);
      calc::div(first, 0);
      CHECK(reason_of(watch).to_string() == "badarith");

      const pid second = only_child(supervisor);
      CHECK(second != first);
      CHECK(whereis("calc") == second);
      CHECK(calc::view(second) == 7);
    });
  }

  TEST_CASE("an idle one holds less than a kilobyte; the loop holds a stack") {
    on_one_thread_and_on_four([] {
      const pid server = calc::start();
      calc::add(server, 1);
      CHECK(process_info(server, info::memory)->memory < 1024);
      CHECK(process_info(calc_loop::start(), info::memory)->memory >= 4096);
    });
  }
}
