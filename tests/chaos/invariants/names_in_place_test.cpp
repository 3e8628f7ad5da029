#include <nlohmann/json.hpp>

#include <coppice/process/exit.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/spawn.hpp>

#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// A worker "a" that is registered as "ann", under a root that is registered as "top".
supervisor_spec named_tree() {
  worker_spec worker;
  worker.id = "a";
  worker.name = "ann";
  worker.args = std::make_shared<const nlohmann::json>(nlohmann::json::object());
  supervisor_spec root;
  root.id = "root";
  root.max_restarts = 10;
  root.children.push_back({worker});
  return root;
}

pid sleeper() {
  return spawn([] { sleep(24h); });
}

// The worker says in its start that it is not wanted.
void is_ignored(story& told, pid root) {
  told.checker.child_starting("root/a", child_type::worker, root, told.now);
}

// What is broken after `body` has told the story of that tree, whose processes are real.
names broken_by(const std::function<void(story&, pid root)>& body) {
  const supervisor_spec tree = named_tree();
  story told{{.tree = &tree}};
  CHECK(simulation{1}.run([&] {
    const pid root = told.grows_from_here({story::child("a")});
    body(told, root);
    told.checker.check_quiet(processes(), told.now);
  }) == 0);
  return told.broken();
}

}  // namespace

TEST_SUITE("invariants: every name where it belongs") {
  const names broken{"every name where it belongs"};

  TEST_CASE("a child that has its name keeps it") {
    CHECK(broken_by([](story& told, pid root) {
            const pid a = sleeper();
            register_name("ann", a);
            told.starts("root/a", root, a);
          }).empty());
  }

  TEST_CASE("one that lives without its name breaks it") {
    CHECK(broken_by([](story& told, pid root) {
            const pid a = sleeper();
            register_name("ann", a);
            told.starts("root/a", root, a);
            unregister_name("ann");
          }) == broken);
  }

  TEST_CASE("a name that somebody else has breaks it, whether its owner lives or not") {
    CHECK(broken_by([](story& told, pid root) {
            told.starts("root/a", root, sleeper());
            register_name("ann", sleeper());
          }) == broken);
    CHECK(broken_by([](story& told, pid root) {
            is_ignored(told, root);
            register_name("ann", sleeper());
          }) == broken);
  }

  TEST_CASE("a name that is nobody's, of a child that does not run, is right") {
    CHECK(broken_by([](story& told, pid root) { is_ignored(told, root); }).empty());
  }

  TEST_CASE("names of strangers are none of its business") {
    CHECK(broken_by([](story& told, pid root) {
            is_ignored(told, root);
            register_name("bob", sleeper());
          }).empty());
  }

  TEST_CASE("a child that is added has the name that was announced for it") {
    const auto added = [](const char* name) {
      return [name](story& told, pid root) {
        is_ignored(told, root);
        told.checker.announce_name("root/d", name);
        told.checker.child_added("root/d", story::child("d"), root, told.now);
        const pid d = sleeper();
        register_name("dan", d);
        told.starts("root/d", root, d);
      };
    };
    CHECK(broken_by(added("dan")).empty());
    CHECK(broken_by(added("eve")) == broken);
  }

  TEST_CASE("a child that was added in the place of a declared one has not its name") {
    CHECK(broken_by([](story& told, pid root) {
            is_ignored(told, root);
            told.checker.child_deleted("root/a", root, told.now);
            told.checker.child_added("root/a", story::child("a"), root, told.now);
            told.starts("root/a", root, sleeper());
          }).empty());
  }

  TEST_CASE("no name of the tree is left when it is gone") {
    const supervisor_spec tree = named_tree();
    story told{{.tree = &tree}};
    CHECK(simulation{1}.run([&] {
      register_name("ann", sleeper());
      told.checker.check_gone(processes(), told.now);
    }) == 0);
    CHECK(told.broken() == broken);
  }
}
