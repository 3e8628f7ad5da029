// What many processes took has to go back to the system when they are gone. Looked at from outside, by what the kernel
// says.

#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include <coppice/coppice.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool gives_memory_back = false;  // a sanitizer keeps what is freed
#else
constexpr bool gives_memory_back = true;
#endif

// So many that a tenth of what they take is more than a program with four threads keeps at hand, about two megabytes.
constexpr std::size_t many_functions = 50'000;
constexpr std::size_t many_servers = 200'000;

// Without the pages of files: the program's own code comes to memory bit by bit while it runs.
std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;
  std::size_t of_files = 0;
  statm >> all >> resident >> of_files;
  return (resident - of_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

struct ask {
  using reply = int;
};

class quiet : public server<quiet, ask> {
 public:
  int handle(ask) const { return state_; }

 private:
  int state_ = 1;
};

pid start_server() {
  return start<quiet>().process();
}

pid start_function() {
  return spawn([] { receive([](ask) {}); });
}

// With everything of which others keep a table.
pid start_known_server() {
  static std::size_t number = 0;
  const pid made = start_link<quiet>({.name = "server_" + std::to_string(++number)}).process();
  monitor(made);
  send_after(1h, made, 1);
  return made;
}

void live_and_die(pid (*begin)(), std::size_t many) {
  std::vector<pid> all;
  all.reserve(many);
  const std::size_t before = resident_bytes();
  for (std::size_t i = 0; i < many; ++i) all.push_back(begin());
  const std::size_t with_all = resident_bytes();
  CHECK(with_all > before + many * 200);
  for (const pid each : all) exit(each, exit_reason::kill());
  // What was told of their ends to who is linked to them, or monitors them.
  while (receive([](const down&) { return true; }, [](const exit_signal&) { return true; },
                 after(200ms, [] { return false; }))) {
  }
  // A test that passes waits for a few tenths of a second.
  const auto patience = monotonic_time() + 60s;
  while (resident_bytes() > before + (with_all - before) / 10 && monotonic_time() < patience) sleep(10ms);
  CHECK(resident_bytes() <= before + (with_all - before) / 10);
}

}  // namespace

TEST_SUITE("memory given back") {
  TEST_CASE("the memory of servers and of processes that are gone goes back to the system" *
            doctest::skip(!gives_memory_back)) {
    for (const unsigned threads : {1U, 4U}) {
      CAPTURE(threads);
      run(
          [] {
            live_and_die(start_function, many_functions);
            live_and_die(start_server, many_servers);
            process_flag(trap_exit, true);
            live_and_die(start_known_server, many_servers);
          },
          {.threads = threads});
    }
  }
}
