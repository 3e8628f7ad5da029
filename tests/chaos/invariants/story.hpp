#pragma once

// Hand-made histories of trees, told to a checker.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/chaos/invariant_checker.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

namespace coppice::testing {

using names = std::vector<std::string>;

/// A tree that nobody runs: what is told of it is all there is.
class story {
 public:
  using time = std::chrono::nanoseconds;

  explicit story(const invariant_options& options = {}) : checker{options} {}

  static child_spec child(std::string id, restart_type restart = restart_type::permanent, bool significant = false) {
    child_spec made;
    made.id = std::move(id);
    made.restart = restart;
    made.significant = significant;
    return made;
  }

  story& at(time then) {
    now = then;
    return *this;
  }

  /// A process that there is not.
  pid nobody() { return pid::from_value((std::uint64_t{1} << 50U) + ++count_); }

  /// A supervisor that has begun, and has not started any child.
  pid begins(std::string_view path, const std::vector<child_spec>& children, const supervisor_flags& flags = {}) {
    const pid made = nobody();
    checker.supervisor_starting(path, flags, children, made, now);
    return made;
  }

  /// The calling process plays the root: so what it spawns can be its children.
  pid grows_from_here(const std::vector<child_spec>& children) {
    checker.supervisor_starting("root", {.max_restarts = 10}, children, self(), now);
    checker.root_started("root", self(), now);
    return self();
  }

  /// The root, with all its children started.
  pid grows(const std::vector<child_spec>& children, const supervisor_flags& flags = {}) {
    const pid root = begins("root", children, flags);
    for (const auto& each : children) starts("root/" + each.id, root);
    checker.root_started("root", root, now);
    return root;
  }

  pid starts(std::string_view path, pid supervisor, child_type type = child_type::worker) {
    const pid made = nobody();
    starts(path, supervisor, made, type);
    return made;
  }
  void starts(std::string_view path, pid supervisor, pid child, child_type type = child_type::worker) {
    checker.child_starting(path, type, supervisor, now);
    checker.child_started(path, type, child, supervisor, now);
    living_.emplace_back(std::string{path}, child);
  }
  void fails(std::string_view path, pid supervisor) {
    checker.child_starting(path, child_type::worker, supervisor, now);
    checker.child_start_failed(path, exit_reason{"injected"}, supervisor, now);
  }

  /// Who started last at that path.
  pid at_path(std::string_view path) const {
    const auto found =
        std::find_if(living_.rbegin(), living_.rend(), [path](const auto& each) { return each.first == path; });
    return found != living_.rend() ? found->second : pid{};
  }

  void ends(std::string_view path, pid supervisor, std::string_view reason) {
    checker.process_ended(at_path(path), supervisor, exit_reason::parse(reason), now);
  }
  void is_told_to_end(std::string_view path, pid supervisor) {
    checker.child_ending(path, at_path(path), supervisor, now);
  }
  /// Told, and ends.
  void is_ended(std::string_view path, pid supervisor) {
    is_told_to_end(path, supervisor);
    ends(path, supervisor, "shutdown");
  }
  void restarting(std::string_view path, pid supervisor) { checker.restarting(path, supervisor, now); }
  /// Ends by itself, and is restarted alone.
  void is_restarted(std::string_view path, pid supervisor, std::string_view reason = "boom") {
    ends(path, supervisor, reason);
    restarting(path, supervisor);
    starts(path, supervisor);
  }

  /// The invariants that were broken so far.
  names broken() const { return checker.broken(); }
  /// And those that are when the tree is quiet.
  names broken_at_quiet() {
    // Checks want a process to run in. What is there is no part of the tree.
    CHECK(simulation{1}.run([this] { checker.check_quiet(processes(), now); }) == 0);
    return checker.broken();
  }
  /// What was said of the last one.
  std::string last() const {
    const auto all = checker.violations();
    return all.empty() ? "" : all.back().path + ": " + all.back().text;
  }

  invariant_checker checker;
  time now{0};

 private:
  std::uint64_t count_ = 0;
  std::vector<std::pair<std::string, pid>> living_;
};

}  // namespace coppice::testing

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& each : lines) all += "\n    " + each;
    return all.c_str();
  }
};
