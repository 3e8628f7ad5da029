// What one operation costs when there are `--count` of something already: it should be the same for 10 and a million.

#include <string>
#include <vector>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;
using bench::view;
using coppice::pid;
using namespace std::chrono_literals;

namespace {

std::uint64_t how_many(const bench::occasion& now) {
  return now.count_or(now.pick<std::uint64_t>(10, 1'000, 1'000));
}

std::vector<pid> many_servers(std::uint64_t count) {
  std::vector<pid> all;
  all.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) all.push_back(coppice::start<calc>(1.0).process());
  return all;
}

/// A call to any of so many servers.
void processes(bench::occasion& now) {
  const auto all = many_servers(how_many(now));
  std::uniform_int_distribution<std::size_t> any{0, all.size() - 1};
  now.measure(100, [&](std::uint64_t calls) {
    double sum = 0;
    for (std::uint64_t i = 0; i < calls; ++i) sum += coppice::call(all[any(now.random())], view{});
    expect(sum == static_cast<double>(calls), "each call was answered with 1");
  });
}

/// start_child and terminate_child under a supervisor with so many children.
void children(bench::occasion& now) {
  const auto child = [](std::uint64_t number) {
    coppice::child_spec made;
    made.id = "calc_" + std::to_string(number);
    made.start = coppice::starts<calc>(0.0);
    made.restart = coppice::restart_type::temporary;
    return made;
  };
  coppice::supervisor_init init;
  const auto count = how_many(now);
  for (std::uint64_t i = 0; i < count; ++i) init.children.push_back(child(i));
  const pid root = coppice::start_supervisor(std::move(init)).process();
  std::uint64_t next = count;
  now.measure(10, [&](std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const auto started = child(next++);
      expect(static_cast<bool>(coppice::start_child(root, started)), "the child starts");
      expect(!coppice::terminate_child(root, started.id), "the child is terminated");
    }
  });
  expect(coppice::count_children(root).active == count, "the others are still there");
}

coppice::supervisor_init many_children(std::uint64_t count, coppice::restart_type restart) {
  coppice::supervisor_init init;
  for (std::uint64_t i = 0; i < count; ++i) {
    coppice::child_spec made;
    made.id = "calc_" + std::to_string(i);
    made.start = coppice::starts<calc>(0.0);
    made.restart = restart;
    made.significant = restart == coppice::restart_type::transient;
    init.children.push_back(std::move(made));
  }
  if (init.children.front().significant) init.flags.auto_shutdown = coppice::auto_shutdown::all_significant;
  return init;
}

/// What each child costs when so many do `end`, from the first to the news of the supervisor's end.
void until_it_ends(bench::occasion& now, coppice::restart_type restart,
                   void (*end)(pid supervisor, const std::vector<coppice::child_info>& children)) {
  const auto count = how_many(now);
  coppice::process_flag(coppice::trap_exit, true);
  const pid supervisor = coppice::start_supervisor(many_children(count, restart)).process();
  const auto children = coppice::which_children(supervisor);
  const auto began = bench::clock::now();
  end(supervisor, children);
  coppice::receive([](const coppice::exit_signal&) {});
  const auto took = bench::clock::now() - began;
  now.report(std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(count));
}

/// Significant children end one after the other, and with the last of them their supervisor.
void ends(bench::occasion& now) {
  until_it_ends(now, coppice::restart_type::transient, [](pid, const std::vector<coppice::child_info>& children) {
    for (auto each = children.rbegin(); each != children.rend(); ++each) {
      coppice::exit(each->process, coppice::exit_reason::shutdown());
    }
  });
}

/// All children are killed at once, and their supervisor is stopped.
void deaths(bench::occasion& now) {
  until_it_ends(now, coppice::restart_type::permanent,
                [](pid supervisor, const std::vector<coppice::child_info>& children) {
                  for (auto each = children.rbegin(); each != children.rend(); ++each) {
                    coppice::exit(each->process, coppice::exit_reason::kill());
                  }
                  coppice::exit(supervisor, coppice::exit_reason::shutdown());
                });
}

/// A supervisor is killed: its own supervisor waits for its children before it starts all of them again.
void orphans(bench::occasion& now) {
  const auto count = how_many(now);
  coppice::child_spec middle;
  middle.id = "middle";
  middle.type = coppice::child_type::supervisor;
  middle.start = [count] { return coppice::start_supervisor(many_children(count, coppice::restart_type::permanent)); };
  coppice::supervisor_init init;
  init.children.push_back(std::move(middle));
  const pid root = coppice::start_supervisor(std::move(init)).process();
  const pid killed = coppice::which_children(root).front().process;
  const auto began = bench::clock::now();
  coppice::exit(killed, coppice::exit_reason::kill());
  while (coppice::which_children(root).front().process == killed) coppice::yield();
  const auto took = bench::clock::now() - began;
  now.report(std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(count));
}

/// Registering, finding and giving back a name while so many are taken.
void names(bench::occasion& now) {
  const auto all = many_servers(how_many(now));
  for (std::size_t i = 0; i < all.size(); ++i) coppice::register_name("calc_" + std::to_string(i), all[i]);
  const pid own = coppice::self();
  now.measure(10, [own](std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      coppice::register_name("own", own);
      expect(coppice::whereis("own") == own, "the name is found");
      coppice::unregister_name("own");
    }
  });
}

/// Starting and cancelling a timer while so many are pending.
void timers(bench::occasion& now) {
  const auto count = how_many(now);
  std::uniform_int_distribution<std::int64_t> milliseconds{3'600'000, 7'200'000};
  for (std::uint64_t i = 0; i < count; ++i) {
    coppice::send_after(std::chrono::milliseconds{milliseconds(now.random())}, coppice::self(), i);
  }
  now.measure(100, [&](std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const auto timer = coppice::send_after(std::chrono::milliseconds{milliseconds(now.random())}, coppice::self(), i);
      expect(coppice::cancel_timer(timer).has_value(), "the timer was pending");
    }
  });
}

/// A monitor more, taken away again, on a process that has so many; and a call, so that it has seen both.
void monitors(bench::occasion& now) {
  const pid watched = coppice::start<calc>(1.0).process();
  const auto count = how_many(now);
  for (std::uint64_t i = 0; i < count; ++i) coppice::monitor(watched);
  expect(coppice::call(watched, view{}) == 1, "it has them all");
  now.measure(10, [&](std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
      expect(coppice::demonitor(coppice::monitor(watched)), "the monitor was active");
      expect(coppice::call(watched, view{}) == 1, "the watched one answers");
    }
  });
}

/// A call by a process in whose queue so many messages wait.
void messages(bench::occasion& now) {
  const pid server = coppice::start<calc>(1.0).process();
  const auto count = how_many(now);
  for (std::uint64_t i = 0; i < count; ++i) coppice::send(coppice::self(), i);
  now.measure(10, [&](std::uint64_t calls) {
    for (std::uint64_t i = 0; i < calls; ++i) expect(coppice::call(server, view{}) == 1, "the call is answered");
  });
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"scaling_processes", processes},
                                 {"scaling_children", children},
                                 {"scaling_ends", ends},
                                 {"scaling_deaths", deaths},
                                 {"scaling_orphans", orphans},
                                 {"scaling_names", names},
                                 {"scaling_timers", timers},
                                 {"scaling_monitors", monitors},
                                 {"scaling_messages", messages}});
}
