#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>

#include <unistd.h>

#include <coppice/scheduling/overflow_watch.hpp>
#include <coppice/scheduling/scheduler.hpp>

namespace coppice::scheduling {

namespace {

std::mutex watching;
unsigned watches = 0;  // under the lock
// Written before the handler is installed.
struct sigaction before_us;
std::atomic<overflow_reporter> reporter{nullptr};

void pass_on(int signal, siginfo_t* info, void* context) {
  if ((before_us.sa_flags & SA_SIGINFO) != 0) {
    before_us.sa_sigaction(signal, info, context);
  } else if (before_us.sa_handler == SIG_DFL || before_us.sa_handler == SIG_IGN) {
    // The access is made again when we return, and nobody stands in its way.
    ::signal(signal, SIG_DFL);
    // It was sent, and would not come again by itself.
    if (info->si_code <= 0) ::raise(signal);
  } else {
    before_us.sa_handler(signal);
  }
}

void on_fault(int signal, siginfo_t* info, void* context) {
  scheduler* const here = scheduler::here();
  stack overrun;
  if (here != nullptr && info->si_code > 0 && here->owner().stacks().owns(info->si_addr, &overrun)) {
    if (const overflow_reporter report = reporter.load(std::memory_order_acquire)) {
      report(runtime::running(), std::bit_ceil(overrun.size));  // its top is staggered
    }
  }
  pass_on(signal, info, context);
}

}  // namespace

overflow_watch::overflow_watch(overflow_reporter report) {
  const std::lock_guard hold{watching};
  reporter.store(report, std::memory_order_release);
  if (watches++ != 0) return;
  ::sigaction(SIGSEGV, nullptr, &before_us);
  struct sigaction ours {};
  ours.sa_sigaction = on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  ::sigaction(SIGSEGV, &ours, nullptr);
}

overflow_watch::~overflow_watch() {
  const std::lock_guard hold{watching};
  if (--watches != 0) return;
  struct sigaction present {};
  ::sigaction(SIGSEGV, nullptr, &present);
  // Who has come after us passes on to us: then we stay, and pass on.
  if ((present.sa_flags & SA_SIGINFO) != 0 && present.sa_sigaction == on_fault) {
    ::sigaction(SIGSEGV, &before_us, nullptr);
  }
}

handler_stack::handler_stack() {
  stack_t present{};
  if (::sigaltstack(nullptr, &present) != 0 || (present.ss_flags & SS_DISABLE) == 0) return;
  // What the kernel saves there depends on the processor's registers.
  const long least = ::sysconf(_SC_MINSIGSTKSZ);
  const std::size_t size = (std::size_t{32} << 10U) + static_cast<std::size_t>(std::max(least, 0L));
  room_.reset(new std::byte[size]);
  stack_t ours{};
  ours.ss_sp = room_.get();
  ours.ss_size = size;
  if (::sigaltstack(&ours, nullptr) != 0) room_.reset();
}

handler_stack::~handler_stack() {
  if (room_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  ::sigaltstack(&none, nullptr);
}

}  // namespace coppice::scheduling
