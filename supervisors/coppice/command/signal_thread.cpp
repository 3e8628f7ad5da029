#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <coppice/command/complaint.hpp>
#include <coppice/command/signal_count.hpp>
#include <coppice/command/signal_thread.hpp>

namespace coppice::command {

namespace {

int checked(int descriptor, const char* what) {
  if (descriptor < 0) throw std::system_error{errno, std::generic_category(), what};
  return descriptor;
}

}  // namespace

signals_kept_back::signals_kept_back() {
  sigemptyset(&which_);
  sigaddset(&which_, SIGINT);
  sigaddset(&which_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &which_, &before_);
}

signals_kept_back::~signals_kept_back() {
  // What came too late to matter would end the program now, with the wrong status.
  const timespec at_once{0, 0};
  while (sigtimedwait(&which_, nullptr, &at_once) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

signal_thread::signal_thread(const signals_kept_back& signals, reactions react)
    : react_{std::move(react)},
      signals_{checked(::signalfd(-1, &signals.which(), SFD_CLOEXEC), "signalfd")},
      wakes_{checked(::eventfd(0, EFD_CLOEXEC), "eventfd")},
      thread_{[this] { work(); }} {}

signal_thread::~signal_thread() {
  over_.store(true);
  wake();
  thread_.join();
  ::close(wakes_);
  ::close(signals_);
}

void signal_thread::tick(bool yes) noexcept {
  ticks_.store(yes);
  wake();
}

void signal_thread::wake() noexcept {
  const std::uint64_t one = 1;
  // It fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const auto written = ::write(wakes_, &one, sizeof one);
}

void signal_thread::work() {
  constexpr int a_second_ms = 1000;
  signal_count signals;
  for (;;) {
    pollfd sources[] = {{signals_, POLLIN, 0}, {wakes_, POLLIN, 0}};
    const int ready = ::poll(sources, 2, ticks_.load() ? a_second_ms : -1);
    if (over_.load()) return;
    if (ready == 0) react_.each_second();
    if (ready <= 0) continue;
    if (sources[1].revents != 0) {
      std::uint64_t times = 0;
      [[maybe_unused]] const auto got = ::read(wakes_, &times, sizeof times);
    }
    if (sources[0].revents == 0) continue;
    // What is there at the same time is read at the same time: there are only two that it can be.
    signalfd_siginfo arrived[2]{};
    if (::read(signals_, &arrived, sizeof arrived) < static_cast<ssize_t>(sizeof arrived[0])) continue;
    const int number = static_cast<int>(arrived[0].ssi_signo);
    const int which = signals.count(std::chrono::steady_clock::now());
    if (which == 1) react_.first(number);
    if (which == 2) react_.second(number);
  }
}

void end_at_once(int number, std::string_view lost) {
  complain(fmt::format("{} again: ending at once{}", signal_name(number), lost));
  ::_exit(128 + number);
}

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? std::string{"SIG"} + name : "signal " + std::to_string(number);
}

}  // namespace coppice::command
