#pragma once

// What the tests of supervisors share: children of all kinds, and a record of what a tree does, in order.

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "process/process_testing.hpp"

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& each : lines) all += "\n    " + each;
    return all.c_str();
  }
};

namespace coppice::testing {

using texts = std::vector<std::string>;

/// Writes down starts, failed starts, ends and give-ups as they happen: `start root/a`, `fail root/a boom`,
/// `end root/a killed`, `give up root`. Ends of processes that never started successfully are left out.
class tree_record final : public process_observer, public supervision_observer {
 public:
  void process_ended(pid ended, pid /*parent*/, const exit_reason& reason) noexcept override {
    const std::lock_guard hold{lock_};
    lines_.push_back({ended, {}, reason.to_string()});
  }
  void child_started(std::string_view path, child_type /*type*/, pid child, pid /*supervisor*/) noexcept override {
    const std::lock_guard hold{lock_};
    paths_.insert_or_assign(child, std::string{path});
    lines_.push_back({{}, "start " + std::string{path}, {}});
  }
  void child_start_failed(std::string_view path, const exit_reason& reason, pid /*supervisor*/) noexcept override {
    const std::lock_guard hold{lock_};
    lines_.push_back({{}, "fail " + std::string{path} + " " + reason.to_string(), {}});
  }
  void restart_limit_reached(std::string_view path, pid /*supervisor*/) noexcept override {
    const std::lock_guard hold{lock_};
    lines_.push_back({{}, "give up " + std::string{path}, {}});
  }

  void name(pid process, std::string path) {
    const std::lock_guard hold{lock_};
    paths_.insert_or_assign(process, std::move(path));
  }

  /// What has happened since the last time.
  texts take() {
    const std::lock_guard hold{lock_};
    texts told;
    for (auto& each : lines_) {
      if (!each.process) {
        told.push_back(std::move(each.text));
      } else if (const auto found = paths_.find(each.process); found != paths_.end()) {
        told.push_back("end " + found->second + " " + each.reason);
      }
    }
    lines_.clear();
    return told;
  }

 private:
  struct line {
    pid process;  // of an end: who that is may be told later
    std::string text;
    std::string reason;
  };

  std::mutex lock_;
  std::vector<line> lines_;
  std::map<pid, std::string> paths_;
};

// Children ------------------------------------------------------------------------------------------------------------

/// Makes a child end by itself, with that reason.
struct die {
  exit_reason reason;
};
/// Answered when everything sent before has been handled.
struct are_you_there {
  using reply = bool;
};
/// Takes the child's link to its supervisor away.
struct leave {};

/// How a child behaves. All of them serve the messages above.
struct habits {
  bool traps = false;                         ///< Traps exits, and so runs `terminate` when its supervisor ends it.
  std::chrono::milliseconds init{0};          ///< How long its constructor takes.
  std::chrono::milliseconds stop{0};          ///< How long its `terminate` takes.
  std::string crash{};                        ///< What `terminate` fails with; empty: it does not.
  std::vector<std::string>* stops = nullptr;  ///< Where `terminate` writes the reason that it got. One thread only.
};

class child : public server<child, die, are_you_there, leave> {
 public:
  explicit child(habits given) : habits_{std::move(given)} {
    if (habits_.traps) process_flag(trap_exit, true);
    if (habits_.init.count() != 0) sleep(habits_.init);  // a negative time fails
  }

  void handle(die told) { exit(std::move(told.reason)); }
  bool handle(are_you_there /*asked*/) { return true; }
  void handle(leave /*told*/) { unlink(ancestors().front()); }
  void terminate(const exit_reason& reason) {
    if (habits_.stops != nullptr) habits_.stops->push_back(reason.to_string());
    if (habits_.stop.count() > 0) sleep(habits_.stop);
    if (!habits_.crash.empty()) exit(habits_.crash);
  }

 private:
  habits habits_;
};

/// A supervisor as a child that says nothing of who observes it.
inline child_spec plain_supervisor(std::string id, supervisor_init init) {
  child_spec made;
  made.id = std::move(id);
  made.type = child_type::supervisor;
  made.start = [init = std::move(init)] { return start_supervisor(init); };
  return made;
}

/// What a start function is to do, one attempt after the other; when nothing is left, it starts a child.
class start_plan {
 public:
  start_plan& fails(int times, const std::string& reason = "injected") {
    for (int i = 0; i < times; ++i) next_.push_back(reason);
    return *this;
  }
  start_plan& ignores(int times = 1) {
    for (int i = 0; i < times; ++i) next_.emplace_back();
    return *this;
  }
  start_result start(const habits& like = {}) {
    if (next_.empty()) return start_link<child>(like);
    const std::string now = next_.front();
    next_.erase(next_.begin());
    if (now.empty()) return start_result::ignored();
    return start_result::failed(exit_reason{now});
  }

 private:
  std::vector<std::string> next_;
};

/// Ends a child by itself, in its own process.
inline void crash(pid process, std::string_view reason) {
  cast(process, die{exit_reason::parse(reason)});
}

// Trees ---------------------------------------------------------------------------------------------------------------

/// A runtime's main process with supervisors under it, whose doings are recorded.
class grove {
 public:
  explicit grove(std::shared_ptr<tree_record> record, const captured_log& log)
      : record_{std::move(record)}, log_{log}, present_{processes()} {}

  static child_spec worker(std::string id, const habits& like = {}) {
    child_spec made;
    made.id = std::move(id);
    made.start = starts<child>(like);
    return made;
  }
  static child_spec worker(std::string id, restart_type restart, const habits& like = {}) {
    child_spec made = worker(std::move(id), like);
    made.restart = restart;
    return made;
  }
  static child_spec planned(std::string id, start_plan& plan, restart_type restart = restart_type::permanent) {
    child_spec made = worker(std::move(id), restart);
    made.start = [&plan] { return plan.start(); };
    return made;
  }
  static child_spec from(std::string id, start_function start) {
    child_spec made;
    made.id = std::move(id);
    made.start = std::move(start);
    return made;
  }

  /// A supervisor as a child of another one at `above`.
  child_spec supervisor(const std::string& above, std::string id, supervisor_flags flags,
                        std::vector<child_spec> children, restart_type restart = restart_type::permanent) const {
    child_spec made;
    made.restart = restart;
    made.type = child_type::supervisor;
    made.start = [init = init_of(flags, std::move(children), above + "/" + id)] { return start_supervisor(init); };
    made.id = std::move(id);
    return made;
  }

  supervisor_init init_of(supervisor_flags flags, std::vector<child_spec> children, std::string path = "root") const {
    return {flags, std::move(children), std::move(path), record_};
  }

  /// Starts a root; the test fails if that fails.
  pid plant(supervisor_flags flags, std::vector<child_spec> children, start_options options = {}) {
    detail::observe_children(true);
    const start_result started = start_supervisor(init_of(flags, std::move(children)), std::move(options));
    detail::observe_children(false);
    CHECK_MESSAGE(static_cast<bool>(started), "the root did not start: " << started.error().to_string());
    if (started) roots_.push_back(started.process());
    if (started) record_->name(started.process(), "root");
    return started.process();
  }

  /// Ends what was planted, in order.
  void clear() {
    for (const pid root : roots_) fell(root);
    roots_.clear();
  }

  /// Ends a root as its parent does.
  static exit_reason fell(pid root, const exit_reason& reason = exit_reason::shutdown()) {
    const reference watched = monitor(root);
    exit(root, reason);
    return receive(
        when([watched](const down& ended) { return ended.ref == watched; }, [](down& ended) { return ended.reason; }));
  }

  /// How many processes there are that were not there at first.
  std::size_t population() const {
    const auto now = processes();
    return static_cast<std::size_t>(std::count_if(now.begin(), now.end(), [this](pid each) {
      return std::find(present_.begin(), present_.end(), each) == present_.end();
    }));
  }

  texts seen() const { return record_->take(); }
  const captured_log& log() const noexcept { return log_; }
  const std::shared_ptr<tree_record>& record() const noexcept { return record_; }

 private:
  std::shared_ptr<tree_record> record_;
  const captured_log& log_;
  std::vector<pid> present_;
  std::vector<pid> roots_;
};

/// Waits, in virtual time, until nobody else has anything to do.
inline void settle() {
  await_idle();
}

/// Puts questions to a supervisor that is busy, one behind the other, and gives its answers.
inline texts answers_in_order(const std::vector<std::function<std::string()>>& questions) {
  texts answers(questions.size());
  std::vector<spawned> asking;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    asking.push_back(spawn_monitor([&answers, &questions, i] { answers[i] = questions[i](); }));
    settle();
  }
  for (const spawned& each : asking) reason_of(each);
  return answers;
}

/// Runs `body` in a grove, and checks that nothing is left of it when its roots have been ended.
template <class Body>
void in_grove(runtime_options options, Body body) {
  INFO(options.threads << " threads, turns " << turns_of(options));
  const captured_log log;
  const auto record = std::make_shared<tree_record>();
  options.observer = record.get();
  const int status = run(
      [&] {
        process_flag(trap_exit, true);
        grove here{record, log};
        body(here);
        here.clear();
        CHECK(here.population() == 0);
      },
      options);
  CHECK_MESSAGE(status == 0, "main crashed: " << log.text());
}

/// In virtual time, first come, first served and with seeds: what a supervisor does has one order.
template <class Body>
void in_grove(Body body) {
  in_grove({.threads = 1, .virtual_time = true}, body);
  for (const std::uint64_t seed : seeds) in_grove({.threads = 1, .virtual_time = true, .seed = seed}, body);
}

// What a supervisor says of its children ------------------------------------------------------------------------------

/// `a running`, in the order of `which_children`.
inline texts states_of(pid supervisor) {
  texts told;
  for (const auto& each : which_children(supervisor))
    told.push_back(each.id + " " + std::string{to_string(each.status)});
  return told;
}

/// The process of that child; false when it does not run.
inline pid child_of(pid supervisor, std::string_view id) {
  for (const auto& each : which_children(supervisor)) {
    if (each.id == id) return each.process;
  }
  return {};
}

inline std::string to_string(const child_counts& counts) {
  return std::to_string(counts.specs) + " specs, " + std::to_string(counts.active) + " active, " +
         std::to_string(counts.supervisors) + " supervisors, " + std::to_string(counts.workers) + " workers";
}

/// How an operation on a child came out: `ok`, `running`, `start_failed boom`.
inline std::string outcome(const std::optional<child_error>& refused) {
  return refused ? std::string{to_string(*refused)} : "ok";
}
inline std::string outcome(const child_result& result) {
  if (!result.error()) return result.process() ? "ok" : "ok undefined";
  std::string told{to_string(*result.error())};
  if (!result.reason().is_normal()) told += " " + result.reason().to_string();
  return told;
}

}  // namespace coppice::testing
