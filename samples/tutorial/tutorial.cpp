#include "tutorial.hpp"

#include <ctime>
#include <sstream>
#include <utility>

#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/message_form.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>

#include "../calc/calc.hpp"
#include "../calc/calc_loop.hpp"

using namespace std::chrono_literals;
using namespace coppice;
using calc_sample::calc;
using calc_sample::calc_loop;

namespace tutorial {

namespace {

/// The tutorial's `{:msg, x}`.
struct msg {
  int x = 0;
};

/// What a process of `run_concurrently` sends when it has printed its line.
struct printed {
  std::string line;
};

template <class... Part>
std::string text(const Part&... part) {
  std::ostringstream made;
  (made << ... << part);
  return made.str();
}

std::string in_seconds(std::chrono::nanoseconds time) {
  std::ostringstream made;
  made.precision(3);
  made << std::fixed << std::chrono::duration<double>{time}.count() << " s";
  return made.str();
}

std::chrono::nanoseconds cpu_time_of_program() {
  return std::chrono::nanoseconds{static_cast<std::int64_t>(std::clock()) * (1'000'000'000 / CLOCKS_PER_SEC)};
}

std::uint64_t reductions_of(const std::vector<pid>& processes) {
  std::uint64_t sum = 0;
  for (const pid each : processes) {
    if (const auto found = process_info(each, info::reductions)) sum += found->reductions;
  }
  return sum;
}

}  // namespace

void console::puts(std::string_view line) {
  const std::lock_guard lock{mutex_};
  to_ << line << '\n' << std::flush;
}

void console::prompt(std::string_view line) {
  puts(text("> ", line));
}

std::string sync_fn(std::string_view x) {
  sleep(1s);  // coppice::sleep: the process waits, and its thread does something else.
  return text(x, " return");
}

timed_lines run_synchronously(console& out) {
  timed_lines result;
  out.prompt(R"(for (int i = 1; i <= 5; ++i) sync_fn("test i"))");
  const auto begun = monotonic_time();
  for (int i = 1; i <= 5; ++i) result.lines.push_back(sync_fn(text("test ", i)));
  result.took = monotonic_time() - begun;
  for (const std::string& line : result.lines) out.puts(line);
  out.puts(text("one after another: ", in_seconds(result.took)));
  return result;
}

pid async_fn(console& out, std::string x) {
  return spawn([&out, x = std::move(x)] { out.puts(sync_fn(x)); });
}

void spawn_one(console& out) {
  out.prompt(R"(async_fn("test 2"))");
  const pid started = async_fn(out, "test 2");
  out.puts(text(started));
  const reference watch = monitor(started);
  out.puts("(this line is printed while it runs)");
  receive(when([&](const down& end) { return end.ref == watch; }, [](const down&) {}));
}

timed_lines run_concurrently(console& out) {
  timed_lines result;
  out.prompt(R"(for (int i = 1; i <= 5; ++i) async_fn("test i"))");
  const auto begun = monotonic_time();
  const pid me = self();
  for (int i = 1; i <= 5; ++i) {
    spawn([&out, me, x = text("test ", i)] {
      printed done{sync_fn(x)};
      out.puts(done.line);
      send(me, std::move(done));
    });
  }
  for (int i = 1; i <= 5; ++i) {
    result.lines.push_back(receive([](const printed& done) { return done.line; }));
  }
  result.took = monotonic_time() - begun;
  out.puts(text("all at once: ", in_seconds(result.took)));
  return result;
}

std::string send_to_self(console& out) {
  out.prompt("self()");
  out.puts(text(self()));
  out.prompt(R"(send(self(), "message to Raymond"))");
  const std::string sent = "message to Raymond";
  out.puts(send(self(), sent));
  out.prompt("receive([](std::string msg) { puts(msg); })");
  return receive([&](std::string received) {
    out.puts(received);
    return received;
  });
}

bool wait_in_vain(console& out) {
  out.prompt(R"(receive([](std::string msg) { puts(msg); }, after(5000ms, [] { puts("no message in mailbox"); })))");
  return receive(
      [&](const std::string& received) {
        out.puts(received);
        return false;
      },
      after(5000ms, [&] {
        out.puts("no message in mailbox");
        return true;
      }));
}

int square_of_a_message(console& out) {
  out.prompt("send(self(), msg{10})");
  const msg sent{10};
  out.puts(to_text(send(self(), sent)));
  out.prompt("int result = receive([](msg m) { return m.x * m.x; })");
  const int result = receive([](msg m) { return m.x * m.x; });
  out.puts(text(result));
  return result;
}

std::vector<double> calc_session(console& out) {
  std::vector<double> viewed;
  const auto view = [&](pid calculator) {
    out.prompt("calc_loop::view(calc_pid)");
    viewed.push_back(calc_loop::view(calculator));
    out.puts(text(viewed.back()));
  };

  out.prompt("pid calc_pid = calc_loop::start()");
  const pid calculator = calc_loop::start();
  out.puts(text(calculator));
  view(calculator);
  out.prompt("calc_loop::add(calc_pid, 20)");
  calc_loop::add(calculator, 20);
  out.prompt("calc_loop::sub(calc_pid, 5)");
  calc_loop::sub(calculator, 5);
  out.prompt("calc_loop::mult(calc_pid, 10)");
  calc_loop::mult(calculator, 10);
  view(calculator);
  out.prompt("calc_loop::div(calc_pid, 2)");
  calc_loop::div(calculator, 2);
  view(calculator);

  exit(calculator, exit_reason::shutdown());
  return viewed;
}

idle_pool watch_idle_pool(console& out) {
  idle_pool result;
  out.prompt("for (int i = 0; i < 100; ++i) pool.push_back(calc::start())");
  for (int i = 0; i < 100; ++i) result.pool.push_back(calc::start());
  std::string line = "[";
  for (const pid each : result.pool) line += text(line.size() > 1 ? ", " : "", each);
  out.puts(line + "]");

  const auto reductions = reductions_of(result.pool);
  const auto cpu_time = cpu_time_of_program();
  const auto begun = monotonic_time();
  sleep(1s);
  result.watched = monotonic_time() - begun;
  result.cpu_time = cpu_time_of_program() - cpu_time;
  result.reductions = reductions_of(result.pool) - reductions;
  out.puts(text("CPU time of the whole program while they waited for ", in_seconds(result.watched), ": ",
                std::chrono::duration_cast<std::chrono::microseconds>(result.cpu_time).count(), " us"));

  for (const pid each : result.pool) exit(each, exit_reason::shutdown());
  return result;
}

look_inside inspect(console& out) {
  look_inside found;
  const auto memory_of = [&](std::string_view call, pid process) {
    out.prompt(call);
    const std::size_t bytes = process_info(process, info::memory)->memory;
    out.puts(text(bytes));
    exit(process, exit_reason::shutdown());
    return bytes;
  };
  found.memory_of_server = memory_of("process_info(calc::start(), info::memory)->memory", calc::start());
  found.memory_of_loop = memory_of("process_info(calc_loop::start(), info::memory)->memory", calc_loop::start());

  // It waits for what nobody sends, so that another message stays in its queue and can be looked at.
  const pid waiter = spawn_link([] { receive([](calc_sample::messages::response) {}); });
  register_name("waiter", waiter);
  send(waiter, msg{10});
  out.prompt("process_info(waiter, info::registered_name, info::memory, info::messages, info::links)");
  found.waiter = *process_info(waiter, info::registered_name, info::memory, info::messages, info::links);
  out.puts(text("registered_name: ", found.waiter.registered_name));
  out.puts(text("memory: ", found.waiter.memory));
  for (const std::string& each : found.waiter.messages) out.puts(text("messages: ", each));
  for (const pid each : found.waiter.links) out.puts(text("links: ", each));

  unlink(waiter);
  exit(waiter, exit_reason::shutdown());
  return found;
}

void walk(console& out) {
  out.puts("A function that takes a second, called once and five times");
  out.prompt(R"(sync_fn("test 1"))");
  out.puts(sync_fn("test 1"));
  run_synchronously(out);
  out.puts("\nThe same in processes");
  spawn_one(out);
  run_concurrently(out);
  out.puts("\nMessages");
  send_to_self(out);
  wait_in_vain(out);
  square_of_a_message(out);
  out.puts("\nA process that remembers");
  calc_session(out);
  out.puts("\nA hundred of them");
  watch_idle_pool(out);
  out.puts("\nLooking in");
  inspect(out);
}

}  // namespace tutorial
