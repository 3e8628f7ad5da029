#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/timer.hpp>

#include "server_testing.hpp"

using namespace coppice;
using namespace coppice::testing;
using namespace std::chrono_literals;

namespace {

struct poke {};
struct wait_again {
  std::chrono::milliseconds time{};
};
struct times_out {
  using reply = int;
};

class patient : public server<patient, timeout, poke, wait_again, times_out> {
 public:
  explicit patient(std::chrono::milliseconds first) { timeout_after(first); }
  void handle(timeout) {
    ++times_;
    at_ = monotonic_time();
  }
  void handle(poke) {}
  void handle(wait_again how) { timeout_after(how.time); }
  int handle(times_out) const { return times_; }

 private:
  int times_ = 0;
  std::chrono::nanoseconds at_{};
};

}  // namespace

TEST_SUITE("timeout_after") {
  TEST_CASE("a server to which nothing comes for that time gets timeout, once (S75)") {
    in_virtual_time([] {
      const pid early = start<patient>(1s).process();
      sleep(999ms);
      CHECK(call(early, times_out{}) == 0);

      const pid server = start<patient>(1s).process();
      sleep(1001ms);
      CHECK(call(server, times_out{}) == 1);
      sleep(1h);
      CHECK(call(server, times_out{}) == 1);
    });
  }

  TEST_CASE("any message that comes meanwhile cancels it (S75)") {
    in_virtual_time([] {
      const pid server = start<patient>(1s).process();
      sleep(999ms);
      send(server, poke{});
      sleep(1h);
      CHECK(call(server, times_out{}) == 0);
    });
  }

  TEST_CASE("signals that are no messages do not cancel it, nor put it off (S75)") {
    in_virtual_time([] {
      const pid server = start<patient>(1s).process();
      sleep(400ms);
      demonitor(monitor(server));
      link(server);
      unlink(server);
      exit(server, exit_reason::normal());
      CHECK(process_info(server, info::links)->links.empty());
      sleep(601ms);
      CHECK(call(server, times_out{}) == 1);
    });
  }

  TEST_CASE("a server may ask for it again from a handler (S75)") {
    in_virtual_time([] {
      const pid server = start<patient>(1s).process();
      cast(server, wait_again{3s});
      sleep(2s);
      cast(server, wait_again{3s});
      sleep(3001ms);
      CHECK(call(server, times_out{}) == 1);
    });
  }

  TEST_CASE("a message that comes at the same moment, but before it, cancels it (S75)") {
    in_virtual_time([] {
      class tied : public server<tied, timeout, poke, wait_again, times_out> {
       public:
        tied() {
          // Of timers that end at one moment the one that was made first is first.
          send_after(1s, self(), poke{});
          timeout_after(1s);
        }
        void handle(timeout) { ++times_; }
        void handle(poke) {}
        void handle(wait_again how) { timeout_after(how.time); }
        int handle(times_out) const { return times_; }

       private:
        int times_ = 0;
      };
      const pid server = start<tied>().process();
      sleep(1h);
      CHECK(call(server, times_out{}) == 0);
      cast(server, wait_again{1s});
      sleep(1h);
      CHECK(call(server, times_out{}) == 1);
    });
  }

  TEST_CASE("one that is over does not cancel the next (S75)") {
    in_virtual_time([] {
      class renewing : public server<renewing, timeout, poke, times_out> {
       public:
        renewing() {
          send_after(1s, self(), poke{});
          timeout_after(1s);
        }
        void handle(timeout) { ++times_; }
        void handle(poke) { timeout_after(1s); }
        int handle(times_out) const { return times_; }

       private:
        int times_ = 0;
      };
      const pid server = start<renewing>().process();
      sleep(1h);
      CHECK(call(server, times_out{}) == 1);
    });
  }

  TEST_CASE("a server that has no handler for timeout logs it as any other message (S69, S75)") {
    class deaf : public server<deaf, poke> {
     public:
      deaf() { timeout_after(1s); }
      void handle(poke) {}
    };
    in_virtual_time([] {
      const captured_log log;
      const pid server = start<deaf>().process();
      sleep(2s);
      CHECK(log.tells("timeout{}"));
      call(server, poke{});
    });
  }

  TEST_CASE("a time-out of zero comes at once, if the queue is empty (S75)") {
    in_virtual_time([] {
      const pid server = start<patient>(0ms).process();
      sleep(1ms);
      CHECK(call(server, times_out{}) == 1);
    });
  }
}
