#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("supervisor: observer") {
  TEST_CASE("a supervisor without an observer has that of its own supervisor, with the path below it") {
    in_grove([](grove& here) {
      here.plant({}, {plain_supervisor("pool",
                                       {.children = {grove::worker("a"),
                                                     plain_supervisor("inner", {.children = {grove::worker("b")}})}})});
      CHECK(here.seen() ==
            texts{"start root/pool/a", "start root/pool/inner/b", "start root/pool/inner", "start root/pool"});
    });
  }

  TEST_CASE("it has it again at each restart, and also when its start function waits first") {
    in_grove([](grove& here) {
      child_spec slow = plain_supervisor("pool", {});
      slow.start = [] {
        sleep(1s);
        return start_supervisor({.children = {grove::worker("a")}});
      };
      const pid root = here.plant({}, {slow});
      here.seen();
      exit(child_of(root, "pool"), exit_reason::kill());
      sleep(2s);
      CHECK(here.seen() ==
            texts{"end root/pool killed", "end root/pool/a killed", "start root/pool/a", "start root/pool"});
    });
  }

  TEST_CASE("an observer of its own stays, and so does its path") {
    in_grove([](grove& here) {
      const auto own = std::make_shared<tree_record>();
      here.plant({}, {plain_supervisor("pool", {.children = {grove::worker("a")}, .path = "mine", .observer = own})});
      CHECK(own->take() == texts{"start mine/a"});
      CHECK(here.seen() == texts{"start root/pool"});
    });
    in_grove([](grove& here) {
      here.plant({}, {plain_supervisor("pool", {.children = {grove::worker("a")}, .path = "mine"})});
      CHECK(here.seen() == texts{"start mine/a", "start root/pool"});
    });
  }

  TEST_CASE("what a worker starts inherits nothing, and nothing is left of a start that fails") {
    in_grove([](grove& here) {
      child_spec worker = plain_supervisor("w", {.children = {grove::worker("a")}});
      worker.type = child_type::worker;
      here.plant({}, {worker});
      CHECK(here.seen() == texts{"start root/w"});

      child_spec fails = plain_supervisor("pool", {});
      fails.start = []() -> start_result { throw std::runtime_error{"no"}; };
      const pid root = here.plant({}, {});
      start_child(root, fails);
      start_child(root, worker);
      CHECK(here.seen().back() == "start root/w");
    });
  }
}
