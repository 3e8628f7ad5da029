#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/observer_pair.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

/// Writes down, with its own name, all that it is told.
class scribe final : public process_observer, public supervision_observer {
 public:
  scribe(std::string name, std::vector<std::string>& into) : name_{std::move(name)}, into_{into} {}

  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override {
    tell("process_ended", reason.to_string(), ended, parent);
  }
  void message_lost(pid to, std::string_view type) noexcept override { tell("message_lost", type, to); }
  void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept override {
    tell("call_failed " + std::string{name}, reason.to_string(), server);
  }
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override {
    tell("child_started", path, child, supervisor, type);
  }
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override {
    tell("child_start_failed " + reason.to_string(), path, {}, supervisor);
  }
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override {
    tell("restart_limit_reached", path, {}, supervisor);
  }
  void child_starting(std::string_view path, child_type type, pid supervisor) noexcept override {
    tell("child_starting", path, {}, supervisor, type);
  }
  void child_ending(std::string_view path, pid child, pid supervisor) noexcept override {
    tell("child_ending", path, child, supervisor);
  }
  void restarting(std::string_view path, pid supervisor) noexcept override { tell("restarting", path, {}, supervisor); }
  void supervisor_starting(std::string_view path, const supervisor_flags& flags, std::span<const child_spec> children,
                           pid supervisor) noexcept override {
    tell("supervisor_starting " + std::to_string(flags.max_restarts) + " " + std::to_string(children.size()), path, {},
         supervisor);
  }
  void child_added(std::string_view path, const child_spec& spec, pid supervisor) noexcept override {
    tell("child_added " + spec.id, path, {}, supervisor);
  }
  void child_terminating(std::string_view path, pid supervisor) noexcept override {
    tell("child_terminating", path, {}, supervisor);
  }
  void child_deleted(std::string_view path, pid supervisor) noexcept override {
    tell("child_deleted", path, {}, supervisor);
  }
  void supervisor_stopping(std::string_view path, pid supervisor) noexcept override {
    tell("supervisor_stopping", path, {}, supervisor);
  }

 private:
  void tell(const std::string& what, std::string_view about, pid first = {}, pid second = {},
            child_type type = child_type::worker) {
    into_.push_back(name_ + " " + what + " " + std::string{about} + " " + std::to_string(first.value()) + " " +
                    std::to_string(second.value()) + (type == child_type::supervisor ? " supervisor" : ""));
  }

  std::string name_;
  std::vector<std::string>& into_;
};

// All that an observer can be told, each with values of its own.
template <class Told>
void tell_all(Told& told) {
  const pid child = pid::from_value(5);
  const pid above = pid::from_value(6);
  child_spec spec;
  spec.id = "added";
  const std::vector<child_spec> children(3);
  told.process_ended(child, above, exit_reason{"boom"});
  told.message_lost(child, "note");
  told.call_failed(child, "desk", exit_reason::timeout());
  told.child_started("root/a", child_type::supervisor, child, above);
  told.child_start_failed("root/b", exit_reason{"no"}, above);
  told.restart_limit_reached("root", above);
  told.child_starting("root/c", child_type::supervisor, above);
  told.child_ending("root/d", child, above);
  told.restarting("root/e", above);
  told.supervisor_starting("root/f", {.max_restarts = 9}, children, above);
  told.child_added("root/g", spec, above);
  told.child_terminating("root/h", above);
  told.child_deleted("root/i", above);
  told.supervisor_stopping("root/j", above);
}

}  // namespace

TEST_SUITE("observer pair") {
  TEST_CASE("both are told all that one is told, the first one first") {
    std::vector<std::string> alone;
    scribe only{"only", alone};
    tell_all(only);
    REQUIRE(alone.size() == 14);

    std::vector<std::string> both;
    scribe first{"first", both};
    scribe second{"second", both};
    observer_pair pair{&first, &first, second, second};
    tell_all(pair);
    REQUIRE(both.size() == 28);
    for (std::size_t i = 0; i < alone.size(); ++i) {
      const std::string what = alone[i].substr(4);
      CHECK(both[2 * i] == "first" + what);
      CHECK(both[2 * i + 1] == "second" + what);
    }
  }

  TEST_CASE("the first ones may be missing") {
    std::vector<std::string> told;
    scribe second{"second", told};
    observer_pair nobody{nullptr, nullptr, second, second};
    tell_all(nobody);
    CHECK(told.size() == 14);

    std::vector<std::string> ends;
    scribe of_ends{"ends", ends};
    observer_pair only_ends{&of_ends, nullptr, second, second};
    tell_all(only_ends);
    CHECK(ends.size() == 3);
    CHECK(told.size() == 28);
  }
}
