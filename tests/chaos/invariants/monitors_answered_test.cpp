#include <coppice/process/exit.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>

#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

pid sleeper() {
  return spawn([] { sleep(24h); });
}

// What is broken after `body` has told of processes that are real, and of their ends, rightly or wrongly.
names broken_by(const std::function<void(story&, pid root)>& body, const invariant_options& options = {}) {
  story told{options};
  CHECK(simulation{1}.run([&] {
    told.checker.begin();
    const pid root = told.grows_from_here({});
    body(told, root);
    await_idle();
    told.checker.check_quiet(processes(), told.now);
  }) == 0);
  return told.broken();
}

// Somebody who lives at root/b until he is killed.
pid lives(story& told, pid root) {
  told.checker.child_added("root/b", story::child("b", restart_type::temporary), root, told.now);
  const pid b = sleeper();
  told.starts("root/b", root, b);
  await_idle();
  return b;
}

}  // namespace

TEST_SUITE("invariants: every monitor answered once") {
  const names broken{"every monitor answered once"};

  TEST_CASE("an end and its DOWN are right, with the same reason") {
    const auto ends_as = [](const char* reason) {
      return [reason](story& told, pid root) {
        const pid b = lives(told, root);
        told.ends("root/b", root, reason);
        exit(b, exit_reason::kill());
      };
    };
    CHECK(broken_by(ends_as("killed")).empty());
    CHECK(broken_by(ends_as("boom")) == broken);
  }

  TEST_CASE("a DOWN of one that has not ended breaks it") {
    CHECK(broken_by([](story& told, pid root) { exit(lives(told, root), exit_reason::kill()); }) == broken);
  }

  TEST_CASE("an end without a DOWN breaks it") {
    CHECK(broken_by([](story& told, pid root) {
            lives(told, root);
            told.ends("root/b", root, "killed");
          }) == broken);
  }

  TEST_CASE("one that ended before the monitor could reach it is answered with noproc") {
    const auto noproc_after = [](std::chrono::seconds time) {
      return [time](story& told, pid root) {
        told.checker.child_added("root/b", story::child("b", restart_type::temporary), root, told.now);
        // It is dead from the start; when its end is told is another matter.
        told.starts("root/b", root, told.nobody());
        told.at(time).ends("root/b", root, "boom");
        await_idle();
      };
    };
    CHECK(broken_by(noproc_after(0s)).empty());
    CHECK(broken_by(noproc_after(2s)) == broken);
    CHECK(broken_by(noproc_after(2s), {.longest_delay = 2s}).empty());
    CHECK(broken_by(noproc_after(2s), {.virtual_time = false}).empty());
  }

  TEST_CASE("a second DOWN breaks it") {
    CHECK(broken_by([](story& told, pid root) {
            const auto before = processes();
            const pid b = lives(told, root);
            told.ends("root/b", root, "killed");
            exit(b, exit_reason::kill());
            await_idle();
            // The one that monitors is the last that was started before.
            send(before.back(), down{reference::make(), b, {}, exit_reason::killed()});
          }) == broken);
  }

  TEST_CASE("no more are monitored than are wanted") {
    CHECK(broken_by([](story& told, pid root) { exit(lives(told, root), exit_reason::kill()); }, {.most_monitors = 0})
              .empty());
  }
}
