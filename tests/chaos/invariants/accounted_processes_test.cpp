#include <optional>

#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/spawn.hpp>

#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct made {
  pid process;
};

// Spawns one from another, which ends or goes on.
pid made_by_another(pid& maker, bool linked, bool maker_goes_on) {
  const pid me = self();
  maker = spawn([=] {
    send(me, made{spawn([] { sleep(24h); }, {.link = linked})});
    if (maker_goes_on) sleep(24h);
  });
  const pid process = receive([](made found) { return found.process; });
  await_idle();
  return process;
}

// What is broken when `body` has told who its processes are; it returns those that belong to the harness.
names broken_by(const std::function<std::vector<pid>(story&, pid root)>& body) {
  story told;
  CHECK(simulation{1}.run([&] {
    told.checker.begin();
    const pid root = told.grows_from_here({});
    const auto harness = body(told, root);
    await_idle();
    told.checker.check_quiet(harness, told.now);
  }) == 0);
  return told.broken();
}

void joins(story& told, pid root, std::string_view path, pid process, child_type type) {
  told.checker.child_added(path, story::child(std::string{path.substr(5)}, restart_type::temporary), root, told.now);
  told.starts(path, root, process, type);
}

}  // namespace

TEST_SUITE("invariants: nothing unaccounted in the process table") {
  const names broken{"nothing unaccounted in the process table"};

  TEST_CASE("a process that nobody has told of breaks it, unless it is of the harness") {
    CHECK(broken_by([](story&, pid) {
            spawn([] { sleep(24h); });
            return std::vector<pid>{};
          }) == broken);
    CHECK(broken_by([](story&, pid) { return std::vector<pid>{spawn([] { sleep(24h); })}; }).empty());
  }

  TEST_CASE("what a worker has made is accounted for while the worker lives") {
    for (const bool lives : {true, false}) {
      CHECK(broken_by([lives](story& told, pid root) {
              pid worker;
              made_by_another(worker, false, lives);
              if (lives) joins(told, root, "root/w", worker, child_type::worker);
              return std::vector<pid>{};
            }) == (lives ? names{} : broken));
    }
  }

  TEST_CASE("what a supervisor has made beside its children has to be linked to it") {
    for (const bool linked : {true, false}) {
      CHECK(broken_by([linked](story& told, pid root) {
              pid supervisor;
              made_by_another(supervisor, linked, true);
              joins(told, root, "root/s", supervisor, child_type::supervisor);
              return std::vector<pid>{};
            }) == (linked ? names{} : broken));
    }
  }

  TEST_CASE("when the tree is gone, only the harness is left") {
    for (const bool known : {true, false}) {
      story told;
      CHECK(simulation{1}.run([&] {
        told.checker.begin();
        const pid left = spawn([] { sleep(24h); });
        told.checker.check_gone(known ? std::vector{left} : std::vector<pid>{}, told.now);
      }) == 0);
      CHECK(told.broken() == (known ? names{} : broken));
    }
  }
}
