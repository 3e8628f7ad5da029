#include "supervision_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// Writes down what a supervisor is about to do, and what is asked of it.
class intentions final : public supervision_observer {
 public:
  void child_started(std::string_view path, child_type, pid, pid) noexcept override { write("started", path); }
  void child_start_failed(std::string_view path, const exit_reason&, pid) noexcept override { write("failed", path); }
  void restart_limit_reached(std::string_view path, pid) noexcept override { write("limit", path); }
  void child_starting(std::string_view path, child_type, pid) noexcept override { write("starting", path); }
  void child_ending(std::string_view path, pid, pid) noexcept override { write("ending", path); }
  void restarting(std::string_view path, pid) noexcept override { write("restarting", path); }
  void supervisor_starting(std::string_view path, const supervisor_flags& flags, std::span<const child_spec> children,
                           pid) noexcept override {
    write("supervisor with " + std::to_string(children.size()) + " children, " + std::to_string(flags.max_restarts) +
              " restarts",
          path);
  }
  void child_added(std::string_view path, const child_spec& spec, pid) noexcept override {
    write("added " + spec.id, path);
  }
  void child_terminating(std::string_view path, pid) noexcept override { write("terminating", path); }
  void child_deleted(std::string_view path, pid) noexcept override { write("deleted", path); }
  void supervisor_stopping(std::string_view path, pid) noexcept override { write("stopping", path); }

  texts take() { return std::exchange(lines_, {}); }

 private:
  void write(const std::string& what, std::string_view path) { lines_.push_back(what + " " + std::string{path}); }

  texts lines_;
};

}  // namespace

TEST_SUITE("supervisor: observer") {
  TEST_CASE("an observer is told what is about to be done, and what was asked for") {
    const auto told = std::make_shared<intentions>();
    in_virtual_time([&told] {
      process_flag(trap_exit, true);
      supervisor_init init;
      init.flags = {.strategy = strategy::rest_for_one, .max_restarts = 1};
      init.path = "root";
      init.observer = told;
      init.children = {grove::worker("a"), grove::worker("b")};
      const pid root = start_supervisor(init).process();
      CHECK(told->take() == texts{"supervisor with 2 children, 1 restarts root", "starting root/a", "started root/a",
                                  "starting root/b", "started root/b"});
      start_child(root, grove::worker("c"));
      CHECK(told->take() == texts{"added c root/c", "starting root/c", "started root/c"});
      terminate_child(root, "c");
      delete_child(root, "c");
      delete_child(root, "c");
      CHECK(told->take() == texts{"terminating root/c", "ending root/c", "deleted root/c"});
      crash(child_of(root, "a"), "boom");
      settle();
      CHECK(told->take() == texts{"restarting root/a", "ending root/b", "starting root/a", "started root/a",
                                  "starting root/b", "started root/b"});
      crash(child_of(root, "b"), "boom");
      settle();
      CHECK(told->take() == texts{"limit root", "stopping root", "ending root/a"});
    });
  }

  TEST_CASE("an observer is told that a supervisor stops because a child did not start") {
    const auto told = std::make_shared<intentions>();
    in_virtual_time([&told] {
      process_flag(trap_exit, true);
      supervisor_init init;
      init.path = "root";
      init.observer = told;
      init.children = {grove::worker("a"), grove::worker("b", habits{.init = -1ms})};
      CHECK(start_supervisor(init).is_failed());
      CHECK(told->take() == texts{"supervisor with 2 children, 1 restarts root", "starting root/a", "started root/a",
                                  "starting root/b", "failed root/b", "stopping root", "ending root/a"});
    });
  }

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
