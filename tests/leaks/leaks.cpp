// A program that runs a runtime twice and ends in it, in every way, processes that are at rest, waiting, computing,
// linked, monitored, named, timed and supervised. It looks itself for processes and threads that are left; valgrind,
// which tests/leaks/run starts it under, looks for memory. A `process` and a `message` hold memory of their own, so
// that one that is forgotten is seen.

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <calc/calc.hpp>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

using namespace std::chrono_literals;
using coppice::pid;

namespace {

int faults = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::printf("leaks: %s\n", what);
  ++faults;
}

auto threads_of_program() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

struct question {
  pid from;
  std::string text;
};

/// Waits for a message that nobody sends, with memory on its stack and in its queue.
pid waiting() {
  return coppice::spawn([held = std::make_unique<std::string>(100, 'h')] {
    const std::vector<int> on_the_stack(1000);
    coppice::receive([](std::unique_ptr<int>) {});
  });
}

void ends_of_processes() {
  std::vector<pid> ended;
  for (const auto* reason : {"kill", "crashed", "shutdown"}) {
    const auto victim = waiting();
    coppice::send(victim, std::string(200, 'm'));
    coppice::monitor(victim);
    coppice::exit(victim, reason);
    ended.push_back(victim);
  }
  const auto thrown = coppice::spawn_monitor([] { throw std::runtime_error("thrown"); });
  ended.push_back(thrown.process);
  const auto returned = coppice::spawn_monitor([] {});
  ended.push_back(returned.process);
  for (std::size_t count = 0; count < ended.size(); ++count) coppice::receive([](const coppice::down&) {});
  for (const auto process : ended) {
    expect(!coppice::is_alive(process), "a process is alive after its DOWN");
    coppice::send(process, std::string(300, 'd'));
  }
}

void servers() {
  const auto calculator = calc_sample::calc::start(2);
  calc_sample::calc::mult(calculator, 10);
  expect(calc_sample::calc::view(calculator) == 20, "2 x 10 is not 20");
  coppice::monitor(calculator);
  calc_sample::calc::div(calculator, 0);
  coppice::receive([](const coppice::down&) {});
}

/// A supervisor of supervisors; one child is killed and comes back, and all of it is left running.
void tree() {
  using coppice::child_spec;
  coppice::supervisor_init inner;
  inner.flags.strategy = coppice::strategy::one_for_all;
  for (const auto* id : {"a", "b", "c"}) {
    child_spec worker;
    worker.id = id;
    worker.start = coppice::starts<calc_sample::calc>(coppice::start_options{.name = std::string("calc_") + id},
                                                      calc_sample::args{});
    inner.children.push_back(worker);
  }
  coppice::supervisor_init outer;
  child_spec nested;
  nested.id = "inner";
  nested.type = coppice::child_type::supervisor;
  nested.start = [inner] { return coppice::start_supervisor(inner); };
  outer.children.push_back(nested);
  const auto root = coppice::start_supervisor(outer);
  expect(static_cast<bool>(root), "the tree did not start");

  const auto before = coppice::whereis("calc_b");
  coppice::monitor(before);
  coppice::exit(before, "kill");
  coppice::receive([](const coppice::down&) {});
  while (coppice::whereis("calc_c") == pid() || coppice::whereis("calc_b") == pid()) coppice::sleep(1ms);
  calc_sample::calc::add(coppice::whereis("calc_c"), 1);
}

void one_life(unsigned threads) {
  const auto threads_before = threads_of_program();
  coppice::runtime_options options;
  options.threads = threads;
  const int status = coppice::run(
      [] {
        ends_of_processes();
        servers();
        tree();
        // Left as they are: the end of the runtime has to see to them.
        const auto left = waiting();
        coppice::register_name("left", left);
        coppice::link(waiting());
        coppice::send_after(1h, left, std::string(400, 't'));
        coppice::send(coppice::self(), std::make_unique<std::string>(500, 's'));
        coppice::blocking([] { return std::string(600, 'b'); });
      },
      options);
  expect(status == 0, "main crashed");
  expect(threads_of_program() == threads_before, "a thread is left");
}

}  // namespace

int main() {
  // With the first thread of a program ThreadSanitizer starts one of its own.
  std::thread{[] {}}.join();
  one_life(1);
  one_life(2);
  std::printf("leaks: %s\n", faults == 0 ? "none that the program can see" : "see above");
  return faults == 0 ? 0 : 1;
}
