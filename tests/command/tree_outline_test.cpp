#include <map>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/command/start_failure.hpp>
#include <coppice/command/tree_outline.hpp>

using namespace coppice;
using namespace coppice::command;

namespace {

worker_spec worker(std::string id, std::optional<std::uint32_t> count = std::nullopt) {
  worker_spec made;
  made.id = std::move(id);
  made.count = count;
  return made;
}

// root: a, pool (calc-1 to calc-12), z
supervisor_spec tree() {
  supervisor_spec pool;
  pool.id = "pool";
  pool.children.push_back({worker("calc", 12)});
  supervisor_spec root;
  root.id = "root";
  root.children.push_back({worker("a")});
  root.children.push_back({pool});
  root.children.push_back({worker("z")});
  return root;
}

std::string waited_for_among(const std::vector<std::string>& paths) {
  std::map<std::string, tree_journal::life, std::less<>> living;
  for (const auto& each : paths) living[each] = {};
  return waited_for(tree(), living);
}

}  // namespace

TEST_SUITE("tree outline") {
  TEST_CASE("finds what the tree file says of a path") {
    const supervisor_spec root = tree();
    CHECK(find_in_tree(root, "root")->supervisor == &root);
    CHECK(find_in_tree(root, "root/pool")->supervisor->id == "pool");
    CHECK(find_in_tree(root, "root/pool/calc-12")->worker->id == "calc");
    CHECK(find_in_tree(root, "root/pool/calc-12")->place == 11);
    CHECK(find_in_tree(root, "root/z")->place == 2);
    for (const char* unknown : {"roo", "rooty", "root/", "root/b", "root/a/b", "root/pool/calc", "root/pool/calc-13",
                                "root/pool/calc-0", "root/pool/calc-", "root/pool/calc-1x", "root/a-1"}) {
      CHECK_FALSE(find_in_tree(root, unknown));
    }
  }

  TEST_CASE("a shutdown waits for the last child that is left, and there for its last") {
    CHECK(waited_for_among({"root", "root/a", "root/pool", "root/pool/calc-2", "root/pool/calc-10", "root/z"}) ==
          "root/z");
    CHECK(waited_for_among({"root", "root/a", "root/pool", "root/pool/calc-2", "root/pool/calc-10"}) ==
          "root/pool/calc-10");
    CHECK(waited_for_among({"root", "root/a", "root/pool"}) == "root/pool");
    CHECK(waited_for_among({"root"}) == "root");
  }

  TEST_CASE("a child that was added later ends first") {
    CHECK(waited_for_among({"root", "root/new", "root/z"}) == "root/new");
  }

  TEST_CASE("orphans of a root that is gone are waited for too") {
    CHECK(waited_for_among({"root/pool", "root/pool/calc-2"}) == "root/pool/calc-2");
  }

  TEST_CASE("the reason of a failed start leads to the child that failed") {
    const auto nested =
        exit_reason::parse("{shutdown,{failed_to_start_child,pool,{shutdown,{failed_to_start_child,a,badarith}}}}");
    CHECK(start_failure_text("root", nested) == "root/pool/a: badarith");
    CHECK(start_failure_text("root", exit_reason{"killed"}) == "root: killed");
  }
}
